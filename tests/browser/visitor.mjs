// What a visitor does on either console.

export const USER = 'pm@lakeline.example';
export const PASSWORD = 'demo-password';

export async function logIn(page, password) {
  await page.getByLabel('User name').fill(USER);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** The first words of the strip's message. */
export async function complaint(page) {
  const alert = page.getByRole('alert').filter({ hasText: /\w/ });
  await alert.waitFor();
  return alert.innerText();
}

/** Whether one of the texts tells the password or a token that was sent. */
export function tells(texts, log) {
  return texts.some((text) => [PASSWORD, ...log.bearers].some((secret) => text.includes(secret)));
}
