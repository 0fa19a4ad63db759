// What the inbox does besides: a picture beside the words, and pictures seen large.
(() => {
  const PREVIEW = 96;

  // --- The composer's picture ----------------------------------------------------------------
  // Drawn into a canvas, for the content policy knows no addresses of blobs.
  const draw = async (file, canvas) => {
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, PREVIEW, PREVIEW);
    const bitmap = await createImageBitmap(file);
    const scale = Math.max(PREVIEW / bitmap.width, PREVIEW / bitmap.height);
    const width = bitmap.width * scale;
    const height = bitmap.height * scale;
    pen.drawImage(bitmap, (PREVIEW - width) / 2, (PREVIEW - height) / 2, width, height);
    bitmap.close();
  };

  const takePicture = (form, files) => {
    const picture = [...files].find((file) => file.type.startsWith("image/"));
    if (!picture) return false;
    const box = new DataTransfer();
    box.items.add(picture);
    const field = form.querySelector("input[type=file]");
    field.files = box.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  };

  document.addEventListener("alpine:init", () => {
    window.Alpine.data("composer", () => ({
      name: "",
      said: "",
      async show() {
        const [file] = this.$refs.file.files;
        this.name = file ? file.name : "";
        if (!file) return;
        this.said = `${this.$refs.words.dataset.added} ${file.name}`;
        // What cannot be drawn here may still be a picture: the site has the last word.
        await draw(file, this.$refs.file.form.querySelector("canvas")).catch(() => {});
      },
      clear() {
        this.name = "";
        this.said = "";
      },
      remove() {
        this.$refs.file.value = "";
        this.clear();
        this.said = this.$refs.words.dataset.removed;
        this.$root.querySelector("textarea").focus();
      },
    }));
  });

  const composer = () => document.querySelector("[data-composer]");
  document.addEventListener("paste", (event) => {
    const form = composer();
    const files = event.clipboardData?.files;
    if (form?.contains(event.target) && files?.length && takePicture(form, files)) {
      event.preventDefault();
    }
  });
  const isDropOfFiles = (event) =>
    composer() && event.target.closest?.(".thread") && event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!isDropOfFiles(event)) return;
    event.preventDefault();
    composer().classList.add("composer-target");
  });
  document.addEventListener("dragleave", () => composer()?.classList.remove("composer-target"));
  document.addEventListener("drop", (event) => {
    if (!isDropOfFiles(event)) return;
    event.preventDefault();
    composer().classList.remove("composer-target");
    takePicture(composer(), event.dataTransfer.files);
  });

  // --- Pictures seen large ---------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-enlarge]");
    const box = document.querySelector("dialog.enlarged");
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey);
    if (link && box && isPlain) {
      event.preventDefault();
      const shown = box.querySelector("img");
      shown.src = link.href;
      shown.alt = link.querySelector("img").alt;
      box.showModal();
    } else if (event.target === box) {
      box.close();
    }
  });
})();
