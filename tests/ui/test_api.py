"""The endpoint for programs, through Gradio's own client, on a served page."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image
from ui_support import FakePredictor, ReadingPredictor, served

from maxdigit import CHECKPOINTS
from maxdigit.inference.predict import Predictor

TRAINED = Predictor().available()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(FakePredictor(names=["resnet18", "torch_cnn"]), tmp_path_factory.mktemp("runs")) as address:
        yield address


@pytest.fixture(scope="module")
def client(url: str) -> Client:
    return Client(url, verbose=False)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Three light bars on a dark, noisy ground, as a PNG."""
    pixels = np.random.default_rng(1).integers(0, 60, (90, 120), np.uint8)
    pixels[20:70, [20, 21, 22, 60, 61, 62, 100, 101, 102]] = 255
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    return path


def classify(client: Client, path: Path, model: str = "resnet18") -> dict:
    return client.predict(image=handle_file(str(path)), model=model, api_name="/classify")


def test_a_picture_is_classified(client: Client, picture: Path) -> None:
    answer = classify(client, picture, "torch_cnn")
    assert set(answer) == {"model", "max_digit", "probabilities", "milliseconds", "digits"}
    assert answer["digits"] is None, "it has no reader"
    assert answer["model"] == "torch_cnn"
    assert len(answer["probabilities"]) == 10 and sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)
    assert answer["max_digit"] == int(np.argmax(answer["probabilities"]))
    assert answer["milliseconds"] > 0


def test_what_is_read_is_told_with_its_place(picture: Path, tmp_path: Path) -> None:
    pixels = np.zeros((128, 128), np.uint8)
    pixels[20:52, 30:36] = 255
    Image.fromarray(pixels).save(picture)
    with served(ReadingPredictor(["resnet18", "torch_cnn"]), tmp_path) as address:
        client = Client(address, verbose=False)
        answer, others = classify(client, picture), client.predict(image=handle_file(str(picture)), api_name="/compare")
        (row,) = client.predict(files=[handle_file(str(picture))], model="resnet18", api_name="/batch")
    assert answer["digits"] == [{"digit": 8, "probability": 0.99, "x": 33.0, "y": 36.0}]
    assert [other["digits"] for other in others] == [answer["digits"]] * 2 and row["digits"] == answer["digits"]


def test_the_endpoint_describes_itself(url: str, client: Client) -> None:
    info = client.view_api(return_format="dict", print_info=False)
    assert list(info["named_endpoints"]) == ["/classify", "/compare", "/batch"] and not info["unnamed_endpoints"]
    with urllib.request.urlopen(f"{url}gradio_api/info") as response:
        endpoint = json.load(response)["named_endpoints"]["/classify"]
    image, model = endpoint["parameters"]
    assert (image["parameter_name"], model["parameter_name"]) == ("image", "model")
    assert model["type"]["enum"] == ["resnet18", "torch_cnn"]
    told = endpoint["returns"][0]["type"]["properties"]
    assert set(told) == {"model", "max_digit", "probabilities", "milliseconds", "digits"}
    assert set(told["digits"]["anyOf"][0]["items"]["properties"]) == {"digit", "probability", "x", "y"}
    assert "largest" in endpoint["description"]


def test_every_model_is_asked_about_one_picture(client: Client, picture: Path) -> None:
    answers = client.predict(image=handle_file(str(picture)), api_name="/compare")
    assert [answer["model"] for answer in answers] == ["resnet18", "torch_cnn"]
    assert answers[0]["probabilities"] == classify(client, picture)["probabilities"]
    with pytest.raises(AppError, match="There is no picture"):
        client.predict(image=None, api_name="/compare")


def test_many_pictures_are_answered_in_one_call(client: Client, picture: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as file:
        file.write(picture, "a.png")
        file.writestr("b.png", b"nothing")
    files = [handle_file(str(path)) for path in (picture, packed)]
    first, second, third = client.predict(files=files, model="resnet18", api_name="/batch")
    assert (first["name"], second["name"], third["name"]) == ("picture.png", "a.png", "b.png")
    assert first["probabilities"] == second["probabilities"] == classify(client, picture)["probabilities"]
    assert first["digits"] is None, "a model without a reader"
    assert "not a picture" in third["error"] and "max_digit" not in third
    with pytest.raises(AppError, match="no pictures"):
        client.predict(files=None, model="resnet18", api_name="/batch")


@pytest.mark.parametrize("name", ["resnet19", "", "../keras_cnn"])
def test_an_unknown_model_is_named_and_the_others_listed(client: Client, picture: Path, name: str) -> None:
    with pytest.raises(AppError, match="There is no model called .* Choose one of: keras_cnn, resnet18, torch_cnn"):
        classify(client, picture, name)


def test_a_model_without_weights_says_so(client: Client, picture: Path) -> None:
    with pytest.raises(AppError, match="no trained weights"):
        classify(client, picture, "keras_cnn")


def test_no_picture_is_asked_for(client: Client) -> None:
    with pytest.raises(AppError, match="There is no picture"):
        client.predict(image=None, model="resnet18", api_name="/classify")


def png(width: int, height: int, tone: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("1", (width, height), tone).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("empty.png", b"", id="0 bytes"),
        pytest.param("text.png", b"three digits, honestly\n" * 50, id="a text renamed"),
        pytest.param("short.png", None, id="a picture cut short"),
        pytest.param("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="an SVG"),
        pytest.param("paper.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", id="a PDF"),
        pytest.param("dot.png", png(1, 1), id="1 x 1"),
        pytest.param("flat.png", png(300, 200, 1), id="one flat tone"),
        pytest.param("huge.png", png(20_000, 20_000), id="20,000 x 20,000"),
    ],
)
def test_what_is_no_picture_gets_a_sentence_and_the_server_goes_on(
    client: Client, picture: Path, tmp_path: Path, name: str, content: bytes | None
) -> None:
    path = tmp_path / name
    path.write_bytes(picture.read_bytes()[:3000] if content is None else content)
    with pytest.raises(AppError) as caught:
        classify(client, path)
    message = str(caught.value)
    assert message.endswith(".") and " " in message, message
    assert "Traceback" not in message and "Error:" not in message, message
    assert classify(client, picture)["model"] == "resnet18"


def test_a_file_of_the_server_cannot_be_read(url: str) -> None:
    """A path that was not uploaded is refused, whatever the body claims."""
    file = {"path": str(Path(__file__).resolve()), "meta": {"_type": "gradio.FileData"}}
    body = json.dumps({"data": [file, "resnet18"]}).encode()
    request = urllib.request.Request(
        f"{url}gradio_api/call/classify", body, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request) as response:
            event = json.load(response)["event_id"]
        with urllib.request.urlopen(f"{url}gradio_api/call/classify/{event}") as stream:
            reply = stream.read().decode()
    except urllib.error.HTTPError as error:
        reply = "event: error\n" + error.read().decode()
    assert "event: error" in reply
    assert "probabilities" not in reply


@pytest.mark.parametrize("name", TRAINED)
def test_the_trained_models_answer(picture: Path, name: str) -> None:
    with served(Predictor(), CHECKPOINTS) as address:
        answer = classify(Client(address, verbose=False), picture, name)
    assert answer["model"] == name and sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)
