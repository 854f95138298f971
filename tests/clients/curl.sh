#!/usr/bin/env bash
# Plain curl: what the README shows, and the statuses that proxies, scripts and monitors act on.
set -euo pipefail

source "$(dirname "$0")/../lib/checks.sh"
json='content-type: application/json'
modern='accept: application/graphql-response+json'
auth=()

# ask BODY [CURL OPTIONS...]: the answer's body
ask() {
  local body=$1
  shift
  curl -sS --max-time 30 "$GATEWAY/graphql" -H "$json" "${auth[@]}" -d "$body" "$@"
}

# status CURL OPTIONS...: the answer's HTTP status
status() {
  curl -sS --max-time 30 -o /dev/null -w '%{http_code}' "$@"
}

customers='{"query":"{ customers(first: 1) { totalCount edges { node { id } } } }"}'
equal "curl: a query without a login is 401" "$(status "$GATEWAY/graphql" -H "$json" -d "$customers")" 401
contains "curl: its code is UNAUTHENTICATED" "$(ask "$customers")" '"code":"UNAUTHENTICATED"'

login='{"query":"mutation { login(input: { userName: \"'$DEMO_USER'\", password: \"'$DEMO_PASSWORD'\" }) { token } }"}'
token=$(ask "$login" | sed -n 's/.*"token": *"\([^"]*\)".*/\1/p')
equal "curl: a login gives a token" "${token:+given}" given
auth=(-H "authorization: Bearer $token")

equal "curl: customer 3 is USA General Contractors, Inc." \
  "$(ask '{"query":"{ customer(by: { databaseId: 3 }) { number name } }"}')" \
  '{"data":{"customer":{"number":"200-000","name":"USA General Contractors, Inc."}}}'
equal "curl: variables are taken" \
  "$(ask '{"query":"query($n: String) { customer(by: { number: $n }) { databaseId } }","variables":{"n":"200-000"}}')" \
  '{"data":{"customer":{"databaseId":"3"}}}'
contains "curl: there are 60 customers" "$(ask "$customers")" '"totalCount":60'

# page FIRST AFTER: a page of FWOs
page() {
  ask '{"query":"{ fwos(first: '"$1"', after: '"$2"') { totalCount edges { node { databaseId } } pageInfo { endCursor } } }"}'
}
first=$(page 2 null)
contains "curl: there are some 5,000 FWOs" "$first" '"totalCount":5000'
cursor=$(sed -n 's/.*"endCursor":"\([^"]*\)".*/\1/p' <<<"$first")
second=$(page 2 '\"'"$cursor"'\"')
equal "curl: the second page of FWOs follows the first" \
  "$(grep -o '"databaseId":"[0-9]*"' <<<"$first$second" | grep -o '[0-9]*' | tr '\n' ' ')" "1 2 3 4 "

# Statuses as https://graphql.github.io/graphql-over-http has them.
here=("$GATEWAY/graphql" "${auth[@]}")
equal "curl: a query over GET is 200" "$(status -G "${here[@]}" --data-urlencode 'query={ customers { totalCount } }')" 200
equal "curl: a mutation over GET is 405" "$(status -G "${here[@]}" --data-urlencode 'query=mutation { login(input: { userName: "a", password: "b" }) { token } }')" 405
equal "curl: a GET without a header that forces a preflight is 403" "$(status -G "$GATEWAY/graphql" --data-urlencode 'query={__typename}')" 403
equal "curl: a form is 415" "$(status "${here[@]}" -d 'query={__typename}')" 415
equal "curl: no JSON is 400" "$(status "${here[@]}" -H "$json" -d '{')" 400
equal "curl: an accept that cannot be met is 406" "$(status "${here[@]}" -H "$json" -H 'accept: image/png' -d "$customers")" 406

# RFC 9111 and RFC 9110, 13: what a client may keep, and 304 for who has it already. curl's own store of etags is used.
store=$(mktemp -d)
trap 'rm -rf "$store"' EXIT

# get FILE OPTIONS...: the head of the answer to a GET; its body goes to the file.
get() {
  local file=$1
  shift
  curl -sS --max-time 30 -D - -o "$store/$file" -G "${here[@]}" "$@" \
    --data-urlencode 'query={ customer(by: { databaseId: 3 }) { name } }' | tr -d '\r'
}
head=$(get first --etag-save "$store/etag")
contains "curl: the answer to a GET may be kept by its client alone" "$head" "cache-control: private, max-age="
contains "curl: it is of no other user and of no other type" "$head" "vary: Authorization, Accept"
equal "curl: it has a strong etag" "$(grep -c '^"[^"]*"$' "$store/etag")" 1
head=$(get second --etag-compare "$store/etag")
contains "curl: who has it already is answered 304" "$head" "HTTP/1.1 304"
contains "curl: with the same etag" "$head" "etag: $(cat "$store/etag")"
equal "curl: and without a body" "$(cat "$store/second" 2>/dev/null)" ""
head=$(get third -H 'if-none-match: "other"')
equal "curl: who has another one is sent all of it" "$(cat "$store/third")" "$(cat "$store/first")"
head=$(get fourth -H 'x-explain: 2' -H 'cache-control: no-cache')
contains "curl: no-cache asks the upstream again" "$(cat "$store/fourth")" '"outcome":"MISS"'
contains "curl: an explained answer is not to be kept" "$head" "cache-control: no-store"

nope='{"query":"{ nope }"}'
equal "curl: a document that does not validate is 400 to who accepts the new type" "$(status "${here[@]}" -H "$json" -H "$modern" -d "$nope")" 400
equal "curl: it is 200 to who accepts application/json alone" "$(status "${here[@]}" -H "$json" -H 'accept: application/json' -d "$nope")" 200
equal "curl: a DELETE is 405" "$(status -X DELETE "${here[@]}")" 405
equal "curl: an unknown path is 404" "$(status "$GATEWAY/nothing-here")" 404
equal "curl: the admin port's /readyz is 200" "$(status "$ADMIN/readyz")" 200
((failed == 0))
