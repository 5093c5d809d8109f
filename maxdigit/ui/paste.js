// Uploads a picture that is pasted anywhere on the Classify page, or a file that is dropped on the uploaded picture.
function giveToUpload(picture) {
  const page = document.querySelector("#classify");
  document.querySelectorAll('#modes > .tab-wrapper [role="tab"]')[1]?.click(); // Upload
  let tries = 60;
  const give = () => {
    const input = page.querySelector('#upload input[type="file"]');
    if (input) {
      const files = new DataTransfer();
      files.items.add(picture);
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (tries--) {
      // There is a picture already: Gradio adds its file input again when that one is removed.
      page.querySelector("#upload .icon-button-wrapper button:last-of-type")?.click();
      setTimeout(give, 50);
    }
  };
  give();
}

document.addEventListener("paste", (event) => {
  const picture = [...(event.clipboardData?.files ?? [])].find((file) => file.type.startsWith("image/"));
  if (!picture || !document.querySelector("#classify")?.offsetParent) return;
  event.preventDefault();
  giveToUpload(picture);
});

document.addEventListener("dragover", (event) => {
  if (event.target.closest?.("#cropper")) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  if (!event.target.closest?.("#cropper")) return;
  event.preventDefault();
  const [picture] = event.dataTransfer?.files ?? [];
  if (picture) giveToUpload(picture);
});
