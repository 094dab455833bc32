// Light or dark: the system's, unless the user chose.
export type ThemeChoice = 'system' | 'light' | 'dark';

const storageKey = 'offramp.theme'; // public/theme.js reads it too

function stored(): ThemeChoice {
  const theme = document.documentElement.dataset['theme'];
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

export class Theme {
  choice = $state<ThemeChoice>(stored());

  choose(choice: ThemeChoice): void {
    this.choice = choice;
    try {
      if (choice === 'system') localStorage.removeItem(storageKey);
      else localStorage.setItem(storageKey, choice);
    } catch {
      // storage is forbidden: the choice lasts until the page is left
    }
    if (choice === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = choice;
  }
}
