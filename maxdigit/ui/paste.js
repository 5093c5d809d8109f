// A picture that is pasted anywhere on the Classify page, with Ctrl+V, goes where pictures are uploaded.
document.addEventListener("paste", (event) => {
  const picture = [...(event.clipboardData?.files ?? [])].find((file) => file.type.startsWith("image/"));
  const page = document.querySelector("#classify");
  if (!picture || !page?.offsetParent) return;
  event.preventDefault();
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
});
