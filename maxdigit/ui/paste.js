// A picture that is pasted anywhere on the Classify page, with Ctrl+V, goes where pictures are uploaded; so does a file
// that is dropped on the picture that is there.
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
      // A picture is there already: Gradio has its field for files back as soon as that one is gone.
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
