// Runs before anything is drawn, so that a chosen theme does not flash. A file of its own, since the page's policy allows no inline script.
try {
  const theme = localStorage.getItem('offramp.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // storage is forbidden: the system's theme it is
}
