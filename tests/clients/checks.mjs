// The voice of the JavaScript clients: `ok NAME` or `not ok NAME: why`, one line a check.

import assert from "node:assert/strict";

export const { GATEWAY, DEMO_USER, DEMO_PASSWORD } = process.env;

/** Runs one check; a failure is told and remembered, and the next check runs all the same. */
export async function check(name, body) {
  try {
    await body();
    console.log(`ok ${name}`);
  } catch (error) {
    process.exitCode = 1;
    const why = error.generatedMessage ? `wanted ${JSON.stringify(error.expected)}, found ${JSON.stringify(error.actual)}` : error.message;
    console.log(`not ok ${name}: ${String(why).replaceAll("\n", " ")}`);
  }
}

export const equal = assert.deepEqual;

/** All ids once: a list whose pages overlap or leave gaps is no list. */
export function unique(ids, count) {
  equal(ids.length, count);
  equal(new Set(ids).size, count);
}
