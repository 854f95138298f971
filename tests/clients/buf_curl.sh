#!/usr/bin/env bash
# `buf curl` as gRPC and as gRPC-Web client; all it knows of the messages it learns by reflection.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source "$here/../lib/checks.sh"
buf=$here/node_modules/.bin/buf
token=

# call PROTOCOL SERVICE/METHOD JSON: the answer, or the failure, as JSON without white space around colons
call() {
  local protocol=$1 method=$2 body=$3
  # 2>&1: buf tells failures as JSON on standard error.
  "$buf" curl --protocol "$protocol" --http2-prior-knowledge --reflect ${token:+-H "authorization: Bearer $token"} \
    -d "$body" "$GATEWAY/peerassist.v1.$method" 2>&1 | tr -d '\n' | sed 's/ *: */:/g' || true
}

methods=$("$buf" curl --protocol grpc --http2-prior-knowledge --list-methods "$GATEWAY")
for method in AuthService/Login CustomerService/{{Get,Create,Update,Delete}Customer,ListCustomers} FwoService/{{Get,Create,Update,Delete}Fwo,ListFwos}; do
  contains "buf curl: reflection lists $method" "$methods" "peerassist.v1.$method"
done

for protocol in grpc grpcweb; do
  token=
  contains "buf curl, $protocol: a call without a login is unauthenticated" \
    "$(call $protocol CustomerService/ListCustomers '{}')" '"code":"unauthenticated"'

  token=$(call $protocol AuthService/Login "{\"user_name\":\"$DEMO_USER\",\"password\":\"$DEMO_PASSWORD\"}" |
    sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
  equal "buf curl, $protocol: a login gives a token" "${token:+given}" given

  found=$(call $protocol CustomerService/GetCustomer '{"id":3}')
  contains "buf curl, $protocol: customer 3 has the number 200-000" "$found" '"number":"200-000"'
  contains "buf curl, $protocol: customer 3 is USA General Contractors, Inc." "$found" '"name":"USA General Contractors, Inc."'

  contains "buf curl, $protocol: there are 60 customers" \
    "$(call $protocol CustomerService/ListCustomers '{"page_size":1}')" '"totalSize":"60"'

  first=$(call $protocol FwoService/ListFwos '{"page_size":2}')
  contains "buf curl, $protocol: there are some 5,000 FWOs" "$first" '"totalSize":"5000"'
  next=$(sed -n 's/.*"nextPageToken":"\([^"]*\)".*/\1/p' <<<"$first")
  second=$(call $protocol FwoService/ListFwos "{\"page_size\":2,\"page_token\":\"$next\"}")
  ids=$(grep -o '{ *"id":"[0-9]*"' <<<"$first$second" | grep -o '[0-9]*' | tr '\n' ' ')
  equal "buf curl, $protocol: the second page of FWOs follows the first" "$ids" "1 2 3 4 "

  refused=$(call $protocol FwoService/GetFwo '{"id":999999}')
  contains "buf curl, $protocol: an unknown FWO is not_found" "$refused" '"code":"not_found"'
  contains "buf curl, $protocol: its details have an ErrorInfo" "$refused" 'google.rpc.ErrorInfo'

  contact='"contact_name":"Ann Mill","contact_email":"ann@oldmill.example","contact_phone":"6145550100"'
  made=$(call $protocol CustomerService/CreateCustomer '{"customer":{"name":"Old Mill","number":"BUF-1","city":"Dublin",'"$contact"'}}')
  contains "buf curl, $protocol: a customer is made" "$made" '"status":"CUSTOMER_STATUS_ACTIVE"'
  id=$(sed -n 's/.*"id":"\([0-9]*\)".*/\1/p' <<<"$made")
  changed=$(call $protocol CustomerService/UpdateCustomer '{"customer":{"id":'"$id"',"name":"New Mill"},"update_mask":"name,city"}')
  contains "buf curl, $protocol: its name is changed" "$changed" '"name":"New Mill"'
  equal "buf curl, $protocol: its city is emptied" "$(grep -c '"city"' <<<"$changed")" 0
  refused=$(call $protocol CustomerService/UpdateCustomer '{"customer":{"id":'"$id"'},"update_mask":"shoeSize"}')
  contains "buf curl, $protocol: a wrong mask is invalid_argument" "$refused" '"code":"invalid_argument"'
  equal "buf curl, $protocol: it is deleted" "$(call $protocol CustomerService/DeleteCustomer '{"id":'"$id"'}' | tr -d ' ')" '{}'
  contains "buf curl, $protocol: it is gone" "$(call $protocol CustomerService/GetCustomer '{"id":'"$id"'}')" '"code":"not_found"'
done
((failed == 0))
