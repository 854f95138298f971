// GraphiQL reads the name of the operation a moment after the text has changed. Who opens a
// tab and runs it at once would send the name from the tab before, which the gateway refuses.
import { getOperationAST, parse } from 'graphql';

/** The request without an operation name that its own text does not have. */
export function withTrueName(request) {
  try {
    if (getOperationAST(parse(request.query), request.operationName)) return request;
  } catch {
    // Not a GraphQL text: the gateway says where and why better than we could.
  }
  return { ...request, operationName: undefined };
}
