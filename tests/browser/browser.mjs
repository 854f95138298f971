// Chromium without its own errands, a page that remembers what went wrong on it, and the count of the checks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

// Monaco needs a few seconds on a busy machine.
const WAIT_MS = 30_000;

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

const count = { passed: 0, failed: 0 };

export function check(fact, holds, found = '') {
  count[holds ? 'passed' : 'failed'] += 1;
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${fact}${holds || found === '' ? '' : `: ${found}`}`);
}

/** Runs `visit(page, log, base, picture)` with what the command line says, then checks what the page did meanwhile. */
export async function judge(visit) {
  const [base, picture] = process.argv.slice(2);
  if (!picture) throw new Error('two arguments are needed: BASE_URL OUT.png');
  await withPage(async (page, log) => {
    try {
      await visit(page, log, base, picture);
    } catch (error) {
      check('the visit went to its end', false, error.message.split('\n')[0]);
      await page.screenshot({ path: picture });
    }
    checkLog(log, new URL(base).origin);
  });
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed ? 1 : 0;
}

function checkLog({ requests, failed, errors }, origin) {
  const origins = new Set(requests.map((url) => new URL(url).origin));
  console.log(`${requests.length} requests, ${origins.size} origin, ${failed.length} failed, ${errors.length} console errors`);
  check('all requests went to one origin', origins.size === 1 && origins.has(origin), [...origins].join(' '));
  check('no request failed', failed.length === 0, failed.join(' | '));
  check('the browser console shows no errors', errors.length === 0, errors.join(' | '));
}

/** What outlives the page, or is seen from outside: storage, cookies, address and its history. */
export async function leftovers(page) {
  const stored = await page.evaluate(() => [
    JSON.stringify(localStorage),
    JSON.stringify(sessionStorage),
    location.href,
    JSON.stringify(history.state),
  ]);
  return [...stored, JSON.stringify(await page.context().cookies())];
}

async function withPage(work) {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: QUIET,
    viewport: { width: 1400, height: 860 },
  });
  try {
    const page = browser.pages()[0];
    page.setDefaultTimeout(WAIT_MS);
    await work(page, listen(page));
  } finally {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

function listen(page) {
  const log = { requests: [], failed: [], errors: [], bearers: new Set() };
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url())) log.requests.push(request.url());
    const [, bearer] = /^Bearer (.+)$/.exec(request.headers().authorization ?? '') ?? [];
    if (bearer) log.bearers.add(bearer);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) log.failed.push(`${response.status()} ${response.url()}`);
  });
  page.on('requestfailed', (request) => log.failed.push(`${request.failure()?.errorText} ${request.url()}`));
  page.on('pageerror', (error) => log.errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && log.errors.push(message.text()));
  return log;
}
