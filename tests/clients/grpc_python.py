"""grpcio without a line of generated code: every message is learnt from the gateway's reflection.

Python's reflection client speaks v1alpha, the version that most tools in the field still speak.
"""

import os
import sys
import uuid

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

channel = grpc.insecure_channel(os.environ["GATEWAY"].removeprefix("http://"))
reflected = ProtoReflectionDescriptorDatabase(channel)
pool = DescriptorPool(reflected)
token = None


def call(method, timeout=30, credentials=True, metadata=(), **fields):
    """Calls `Service.Method` of peerassist.v1 with these fields set in its request."""
    return answered(method, timeout, credentials, metadata, **fields)[0]


def answered(method, timeout=30, credentials=True, metadata=(), **fields):
    """The answer, and the metadata that came before it."""
    service, name = method.split(".")
    described = pool.FindServiceByName(f"peerassist.v1.{service}").FindMethodByName(name)
    request = GetMessageClass(described.input_type)
    response = GetMessageClass(described.output_type)
    stub = channel.unary_unary(f"/peerassist.v1.{service}/{name}", request.SerializeToString, response.FromString)
    bearer = [("authorization", f"Bearer {token}")] if token and credentials else []
    answer, rpc = stub.with_call(request(**fields), timeout=timeout, metadata=[*bearer, *metadata])
    return answer, dict(rpc.initial_metadata())


def failure(method, **how):
    """The code of a call that must fail, and its rich details by their type."""
    try:
        call(method, **how)
    except grpc.RpcError as error:
        status = rpc_status.from_call(error)
        details = {}
        for packed in status.details if status else []:
            detail = getattr(error_details_pb2, packed.TypeName().removeprefix("google.rpc."))()
            packed.Unpack(detail)
            details[type(detail).__name__] = detail
        return error.code().name, details
    raise AssertionError("the call did not fail")


def pages(method, rows, size, most):
    """The ids of at most `most` pages."""
    ids, page_token = [], ""
    for _ in range(most):
        page = call(method, page_size=size, page_token=page_token)
        ids += [row.id for row in getattr(page, rows)]
        page_token = page.next_page_token
        if not page_token:
            break
    return ids


def equal(found, wanted):
    assert found == wanted, f"wanted {wanted}, found {found}"


def reflection_lists_the_services():
    services = set(reflected.get_services())
    equal({name for name in services if name.startswith("peerassist.")},
          {"peerassist.v1.AuthService", "peerassist.v1.CustomerService", "peerassist.v1.FwoService"})


def health_is_serving_for_the_whole_and_for_each_service():
    stub = health_pb2_grpc.HealthStub(channel)
    for service in ("", "peerassist.v1.CustomerService", "peerassist.v1.FwoService"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
        equal(answer.status, health_pb2.HealthCheckResponse.SERVING)


def a_call_without_a_login_is_unauthenticated():
    code, details = failure("CustomerService.ListCustomers", credentials=False)
    equal((code, details["ErrorInfo"].reason), ("UNAUTHENTICATED", "TOKEN_MISSING"))


def a_wrong_password_is_unauthenticated():
    code, details = failure("AuthService.Login", user_name=os.environ["DEMO_USER"], password="wrong")
    equal((code, details["ErrorInfo"].reason), ("UNAUTHENTICATED", "CREDENTIALS_INVALID"))


def a_login_gives_a_token():
    global token
    answer = call("AuthService.Login", user_name=os.environ["DEMO_USER"], password=os.environ["DEMO_PASSWORD"])
    equal((answer.token_type, answer.expires_in_minutes > 0), ("Bearer", True))
    token = answer.token


def customer_3_is_usa_general_contractors():
    for key in ({"id": 3}, {"number": "200-000"}):
        found = call("CustomerService.GetCustomer", **key)
        equal((found.id, found.number, found.name), (3, "200-000", "USA General Contractors, Inc."))


def page_tokens_lead_through_all_60_customers_none_twice():
    ids = pages("CustomerService.ListCustomers", "customers", 25, 9)
    equal((len(ids), len(set(ids))), (60, 60))
    equal(call("CustomerService.ListCustomers").total_size, 60)


def page_tokens_lead_through_4_pages_of_some_5000_fwos_none_twice():
    ids = pages("FwoService.ListFwos", "fwos", 50, 4)
    equal((len(ids), len(set(ids))), (200, 200))
    equal(call("FwoService.ListFwos", page_size=1).total_size, 5000)


def an_fwo_names_its_customer_and_has_its_lines():
    fwo = call("FwoService.GetFwo", id=2)
    equal((fwo.customer_id, fwo.customer_name), (3, "USA General Contractors, Inc."))
    assert fwo.detail.labor, "no labor"


def an_unknown_customer_is_not_found_with_resource_info():
    code, details = failure("CustomerService.GetCustomer", id=999999)
    equal((code, details["ErrorInfo"].reason), ("NOT_FOUND", "NOT_FOUND"))
    equal(details["ResourceInfo"].resource_name, "999999")


def a_wrong_filter_is_invalid_with_error_info_and_bad_request():
    code, details = failure("CustomerService.ListCustomers", filter="shoe_size = 44")
    equal((code, details["ErrorInfo"].reason), ("INVALID_ARGUMENT", "INVALID_INPUT"))
    equal([violation.field for violation in details["BadRequest"].field_violations], ["filter"])


CONTACT = {"contact_name": "Ann Mill", "contact_email": "ann@oldmill.example", "contact_phone": "6145550100"}


def a_customer_is_made_once_changed_by_a_mask_and_deleted():
    new = {"name": "Old Mill", "number": "PY-1", "city": "Dublin", **CONTACT}
    once = {"customer": new, "request_id": str(uuid.uuid4())}
    made = call("CustomerService.CreateCustomer", **once)
    equal(call("CustomerService.CreateCustomer", **once), made)
    changes = {"id": made.id, "etag": made.etag, "name": "New Mill"}
    changed = call("CustomerService.UpdateCustomer", customer=changes, update_mask={"paths": ["name", "city"]})
    equal((changed.name, changed.HasField("city"), changed.contact_name), ("New Mill", False, "Ann Mill"))
    stale = {"customer": {**changes, "name": "Newer Mill"}}
    code, details = failure("CustomerService.UpdateCustomer", **stale)
    equal((code, details["ErrorInfo"].reason), ("ABORTED", "VERSION_CONFLICT"))
    call("CustomerService.DeleteCustomer", id=made.id, etag=changed.etag)
    equal(failure("CustomerService.GetCustomer", id=made.id)[0], "NOT_FOUND")


def all_that_is_wrong_with_a_new_customer_is_told_at_once():
    wrong = {"name": " ", "number": "1", "contact_name": "Ann", "contact_email": "nobody"}
    code, details = failure("CustomerService.CreateCustomer", customer=wrong, request_id="first")
    equal(code, "INVALID_ARGUMENT")
    equal([violation.field for violation in details["BadRequest"].field_violations],
          ["request_id", "customer.name", "customer.contact_email", "customer.contact_phone"])


def a_number_that_another_customer_has_already_exists():
    code, _ = failure("CustomerService.CreateCustomer", customer={"name": "Mill", "number": "200-000", **CONTACT})
    equal(code, "ALREADY_EXISTS")


def an_answer_that_is_known_already_is_not_sent_again():
    answer, told = answered("CustomerService.GetCustomer", id=3)
    again, told_again = answered("CustomerService.GetCustomer", id=3)
    equal((again, told_again["x-cache"], told_again["etag"]), (answer, "hit", told["etag"]))
    known = [("if-none-match", told["etag"])]
    code, details = failure("CustomerService.GetCustomer", id=3, metadata=known)
    equal((code, details["ErrorInfo"].reason), ("FAILED_PRECONDITION", "NOT_MODIFIED"))
    other = [("if-none-match", '"other"'), ("cache-control", "no-cache")]
    anew, told = answered("CustomerService.GetCustomer", id=3, metadata=other)
    equal((anew, told["x-cache"]), (answer, "miss"))


def a_deadline_in_the_past_of_the_call_is_kept():
    code, _ = failure("FwoService.ListFwos", timeout=0.0005, page_size=200)
    equal(code, "DEADLINE_EXCEEDED")


def the_channel_works_on_after_a_missed_deadline():
    equal(call("CustomerService.GetCustomer", id=3).number, "200-000")


def an_unknown_method_is_unimplemented():
    try:
        channel.unary_unary("/peerassist.v1.CustomerService/Forget")(b"", timeout=10)
    except grpc.RpcError as error:
        equal(error.code().name, "UNIMPLEMENTED")
    else:
        raise AssertionError("the call did not fail")


CHECKS = [
    reflection_lists_the_services,
    health_is_serving_for_the_whole_and_for_each_service,
    a_call_without_a_login_is_unauthenticated,
    a_wrong_password_is_unauthenticated,
    a_login_gives_a_token,
    customer_3_is_usa_general_contractors,
    page_tokens_lead_through_all_60_customers_none_twice,
    page_tokens_lead_through_4_pages_of_some_5000_fwos_none_twice,
    an_fwo_names_its_customer_and_has_its_lines,
    an_unknown_customer_is_not_found_with_resource_info,
    a_wrong_filter_is_invalid_with_error_info_and_bad_request,
    a_customer_is_made_once_changed_by_a_mask_and_deleted,
    all_that_is_wrong_with_a_new_customer_is_told_at_once,
    a_number_that_another_customer_has_already_exists,
    an_answer_that_is_known_already_is_not_sent_again,
    a_deadline_in_the_past_of_the_call_is_kept,
    the_channel_works_on_after_a_missed_deadline,
    an_unknown_method_is_unimplemented,
]

if __name__ == "__main__":
    failed = 0
    for check in CHECKS:
        name = "grpcio: " + check.__name__.replace("_", " ")
        try:
            check()
            print(f"ok {name}")
        # A check may fail in any way; the next ones are run all the same.
        except Exception as error:
            failed += 1
            print(f"not ok {name}: {type(error).__name__} {error}".replace("\n", " "))
    channel.close()
    sys.exit(1 if failed else 0)
