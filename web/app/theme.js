// Chooses light or dark before anything is drawn; a classic script, since a module would run after the first picture.
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const wanted = () => {
    try {
      return localStorage.getItem('jackdaw.theme') ?? 'system';
    } catch {
      return 'system';
    }
  };
  window.applyTheme = () => {
    const theme = wanted();
    document.documentElement.dataset.theme = theme === 'light' || theme === 'dark' ? theme : dark.matches ? 'dark' : 'light';
  };
  dark.addEventListener('change', window.applyTheme);
  window.applyTheme();
})();
