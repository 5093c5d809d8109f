"""What only the visitor's browser can do with what the server hands it."""

# A query becomes a link: in the address bar, on the clipboard where that is allowed, and in the field it is given to.
TO_ADDRESS = """(query) => {
  if (!query) return "";
  const link = `${location.origin}${location.pathname}?${query}`;
  try { history.replaceState(null, "", link); } catch { /* in a frame of another host */ }
  navigator.clipboard?.writeText(link).catch(() => {});
  return link;
}"""

# JSON with a name, a type and base64 becomes a file.
TO_FILE = """(file) => {
  if (!file) return;
  const { name, type, base64 } = JSON.parse(file);
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""
