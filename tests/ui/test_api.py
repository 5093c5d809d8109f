"""The endpoint for programs, through Gradio's own client, on a served page."""

from __future__ import annotations

import base64
import io
import json
import re
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import wrap
from urllib.parse import quote

import numpy as np
import pytest
from gradio.utils import get_upload_folder
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


def post(url: str, name: str, *data: object) -> tuple[str, object]:
    """What a program without Gradio's client gets: the event, and its data."""
    body = json.dumps({"data": data}).encode()
    request = urllib.request.Request(f"{url}gradio_api/call/{name}", body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        event = json.load(response)["event_id"]
    with urllib.request.urlopen(f"{url}gradio_api/call/{name}/{event}") as stream:
        kind, _, content = stream.read().decode().partition("\n")
    return kind.removeprefix("event: "), json.loads(content.removeprefix("data: "))


def refused(url: str, name: str, *data: object) -> str:
    """The sentence of a call that is refused."""
    kind, content = post(url, name, *data)
    assert kind == "error" and isinstance(content, dict) and isinstance(content["error"], str), content
    assert content["error"].endswith((".", "...")) and "Traceback" not in content["error"]
    return content["error"]


def test_pictures_may_be_sent_as_data(url: str, picture: Path) -> None:
    encoded = base64.b64encode(picture.read_bytes()).decode()
    uri = f"data:image/png;base64,{encoded}"
    with urllib.request.urlopen(upload(url, picture)) as response:
        (path,) = json.load(response)
    uploaded = {"path": path, "meta": {"_type": "gradio.FileData"}}
    _, (expected,) = post(url, "classify", uploaded, "resnet18")
    escaped = f"data:image/png,{quote(picture.read_bytes())}"
    for form in (uri, encoded, "\n".join(wrap(encoded, 76)), {"path": uri}, {"url": uri}, path, escaped):
        kind, (answer,) = post(url, "classify", form, "resnet18")
        assert kind == "complete" and answer["probabilities"] == expected["probabilities"]
    for files in ([uri, uploaded], uri):
        _, (rows,) = post(url, "batch", files, "resnet18")
        assert rows[0]["name"] == "1" and all(row["probabilities"] == expected["probabilities"] for row in rows)


@pytest.mark.parametrize("wrap_up", [lambda one: one, lambda one: {"path": one}, lambda one: {"url": one}])
@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ("local.png", "file cannot be used"),
        ("/etc/hostname", "file cannot be used"),
        ("https://example.org/a.png", "web address must be sent as"),
        ("data:image/png;base64,@@@", "data URI cannot be read"),
        ("data:image/png;base64,", "data URI is empty"),
        (7, "file cannot be used"),
        ([], "file cannot be used|no pictures"),
        ("\0", "file cannot be used"),
    ],
)
def test_other_forms_of_a_picture_get_a_sentence(
    url: str, wrap_up: Callable[[object], object], sent: object, message: str
) -> None:
    given = wrap_up(sent)
    assert re.search(message, refused(url, "classify", given, "resnet18"))
    assert re.search(message, refused(url, "batch", given if isinstance(given, list) else [given], "resnet18"))


def test_calls_of_another_form_and_files_of_the_host_get_a_sentence(url: str, tmp_path: Path) -> None:
    for data in ((), ({"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}, "resnet18")):
        assert "/classify takes image and model" in refused(url, "classify", *data)
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(300, 200, 1))
    assert "file cannot be used" in refused(url, "classify", {"path": str(secret)}, "resnet18")
    gone = str(Path(get_upload_folder()) / "no" / "picture.png")
    for form in (gone, {"path": gone, "meta": {"_type": "gradio.FileData"}}):
        assert "no longer on the server" in refused(url, "classify", form, "resnet18")


def test_a_path_without_handle_file_gets_a_sentence(client: Client) -> None:
    with pytest.raises(AppError, match="handle_file"):
        client.predict(image="local.png", model="resnet18", api_name="/classify")


def upload(url: str, path: Path) -> urllib.request.Request:
    """What uploads a file."""
    bound = "b0undary"
    head = f'--{bound}\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"\r\n\r\n'
    body = head.encode() + path.read_bytes() + f"\r\n--{bound}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={bound}"}
    return urllib.request.Request(f"{url}gradio_api/upload", body, headers=headers)


@pytest.mark.parametrize("name", TRAINED)
def test_the_trained_models_answer(picture: Path, name: str) -> None:
    with served(Predictor(), CHECKPOINTS) as address:
        answer = classify(Client(address, verbose=False), picture, name)
    assert answer["model"] == name and sum(answer["probabilities"]) == pytest.approx(1, abs=1e-4)
