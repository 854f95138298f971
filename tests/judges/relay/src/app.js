// A small Relay app: what relay-compiler can compile here, an app of our users can have. The compiler reads
// the GraphQL out of this file; ../run.mjs runs the compiled queries.

import { graphql } from "relay-runtime";

export const login = graphql`
  mutation appLoginMutation($input: LoginInput!) {
    login(input: $input) {
      token
      userErrors {
        code
        field
        message
      }
    }
  }
`;

// A list of the root, paged by usePaginationFragment.
export const customers = graphql`
  fragment app_customers on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 25 }, cursor: { type: "String" }, filter: { type: "CustomersFilter" })
  @refetchable(queryName: "appCustomersPaginationQuery") {
    customers(first: $count, after: $cursor, filter: $filter) @connection(key: "app_customers", filters: ["filter"]) {
      totalCount
      edges {
        node {
          ...app_customer
        }
      }
    }
  }
`;

export const customersQuery = graphql`
  query appCustomersQuery($count: Int, $cursor: String) {
    ...app_customers @arguments(count: $count, cursor: $cursor)
  }
`;

// One object, read again by its global id through Query.node.
export const customer = graphql`
  fragment app_customer on Customer @refetchable(queryName: "appCustomerRefetchQuery") {
    id
    name
    number
    status
  }
`;

// A list within an object: its pages are read through Query.node, too.
export const customerFwos = graphql`
  fragment app_customerFwos on Customer
  @argumentDefinitions(count: { type: "Int", defaultValue: 25 }, cursor: { type: "String" })
  @refetchable(queryName: "appCustomerFwosPaginationQuery") {
    fwos(first: $count, after: $cursor, orderBy: [{ field: CREATED_DATE, direction: DESC }]) @connection(key: "app_customer_fwos") {
      edges {
        node {
          id
          number
          amount
          status
        }
      }
    }
  }
`;

export const customerQuery = graphql`
  query appCustomerQuery($by: CustomerBy!) {
    customer(by: $by) {
      ...app_customer
      ...app_customerFwos
    }
  }
`;

// Lines of several orders and kinds, whose numbers in the upstream are alike.
export const linesQuery = graphql`
  query appLinesQuery {
    fwos(first: 3) {
      edges {
        node {
          labor {
            databaseId
            employeeName
            amount
          }
          materials {
            databaseId
            description
            amount
          }
        }
      }
    }
  }
`;
