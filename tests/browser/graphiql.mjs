// node graphiql.mjs BASE_URL OUT.png: logs in, runs every example and logs out, on the GraphiQL page.
import { check, judge, leftovers } from './browser.mjs';
import { complaint, logIn, PASSWORD, tells, USER } from './visitor.mjs';

// A word of each example's answer.
const EXAMPLES = {
  Customers: '"endCursor"',
  OneCustomer: '"200-000"',
  NewFieldWorkOrder: '"laborHours"',
  FieldWorkOrders: '"createdDate"',
};

await judge(async (page, log, base, picture) => {
  await page.goto(`${base}/graphiql/`);
  await page.locator('.graphiql-query-editor .view-line').first().waitFor();
  check('the page is GraphiQL, not the basic console', (await page.title()).includes('GraphQL console'), await page.title());
  for (const name of Object.keys(EXAMPLES)) {
    check(`the example ${name} is open in a tab`, await tab(page, name).isVisible());
  }

  await logIn(page, 'not-the-password');
  check('a wrong password is answered in words', /\w+ \w+/.test(await complaint(page)));
  check('a wrong password gives no token', log.bearers.size === 0);

  await logIn(page, PASSWORD);
  const remaining = await page.getByTestId('remaining').textContent();
  check('the page shows who is logged in', (await page.getByTestId('user').textContent()) === USER);
  check('the page shows the remaining minutes', /^\d+ min left$/.test(remaining), remaining);
  check('the password field is gone', (await page.locator('input[type=password]').count()) === 0);

  for (const [name, word] of Object.entries(EXAMPLES)) {
    const answer = await runExample(page, name, word);
    check(`${name} runs without errors`, answer.includes('"data"') && !answer.includes('"errors"'), answer);
  }
  check('after the login requests carry one token', log.bearers.size === 1, `${log.bearers.size} tokens`);
  check('nothing that stays tells the token or the password', !tells(await leftovers(page), log));
  await page.screenshot({ path: picture });

  await page.getByRole('button', { name: 'Log out' }).click();
  check('after logging out the password field is empty', (await page.getByLabel('Password').inputValue()) === '');
});

function tab(page, name) {
  return page.getByRole('tab').getByRole('button', { name, exact: true });
}

async function runExample(page, name, word) {
  await tab(page, name).click();
  await page.locator('.graphiql-query-editor').filter({ hasText: name }).waitFor();
  await page.getByRole('button', { name: /execute/i }).click();
  const answer = page.locator('.graphiql-response').filter({ hasText: new RegExp(`"errors"|${word}`) });
  await answer.waitFor();
  return (await answer.innerText()).replaceAll(/\s+/g, ' ');
}
