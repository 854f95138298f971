// node basic.mjs BASE_URL OUT.png: the console of builds without npm, and the end of a login.
import { check, judge, leftovers } from './browser.mjs';
import { complaint, logIn, PASSWORD, tells, USER } from './visitor.mjs';

const HALF_A_DAY_MS = 12 * 60 * 60 * 1000;

await judge(async (page, log, base, picture) => {
  await page.clock.install();
  await page.goto(`${base}/graphiql/basic`);
  await page.getByText('Query', { exact: true }).waitFor();
  check('the schema is listed', (await page.locator('#types details').count()) > 10);

  await logIn(page, 'not-the-password');
  check('a wrong password is answered in words', /\w+ \w+/.test(await complaint(page)));

  await logIn(page, PASSWORD);
  await page.getByTestId('remaining').waitFor();
  check('the page shows who is logged in', (await page.getByTestId('user').textContent()) === USER);
  check('the password field is empty', (await page.locator('input[type=password]').inputValue()) === '');

  await page.getByLabel('Examples').selectOption('FieldWorkOrders');
  await page.getByRole('button', { name: 'Run' }).click();
  const answer = page.locator('#result').filter({ hasText: 'createdDate' });
  await answer.waitFor();
  check('an example runs without errors', !(await answer.innerText()).includes('"errors"'));
  await page.screenshot({ path: picture });

  await page.getByLabel('Query').fill('{ customers(first: 1) { edges { node { na');
  await page.keyboard.press('Control+Space');
  const completed = await page.getByLabel('Query').inputValue();
  check('a field name is completed', completed.endsWith('node { name'), completed);
  check('nothing that stays tells the token or the password', !tells(await leftovers(page), log));

  await page.clock.fastForward(HALF_A_DAY_MS);
  const said = await complaint(page);
  check('a login that has ended says so', said.includes('expired, log in again'), said);
  check('and offers the name for the next one', (await page.getByLabel('User name').inputValue()) === USER);
});
