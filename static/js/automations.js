// The auto-reply's form shows what matters now: the hours if there are any, the text as it will look.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form[data-auto-reply]");
  if (!form) return;
  const when = form.elements.auto_reply_always;
  const text = form.elements.auto_reply_text;
  const hours = form.querySelector("[data-hours]");
  const counter = form.querySelector("[data-counter]");
  const preview = form.querySelector("[data-preview]");
  const NEAR = 100;

  const show = () => {
    hours.hidden = when.value === "True";
    const left = text.maxLength - [...text.value].length;
    counter.hidden = left >= NEAR;
    counter.querySelector("[data-left]").textContent = left;
    preview.hidden = !text.value.trim();
    preview.lastElementChild.textContent = text.value.trim();
  };
  form.addEventListener("input", show);
  show();
});
