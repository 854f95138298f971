// The operations that a first visitor finds in the tabs.

const CUSTOMERS = `# Log in above, then press the run button.
# The next page: (first: 10, after: "<endCursor>")
query Customers {
  customers(first: 10) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    edges {
      node {
        databaseId
        number
        name
        city
        state
        contactName
        status
      }
    }
  }
}
`;

const FIELD_WORK_ORDERS = `# Open field work orders, newest first.
# The filter is in the variables below.
query FieldWorkOrders($first: Int, $filter: FwosFilter) {
  fwos(
    first: $first
    filter: $filter
    orderBy: [{ field: CREATED_DATE, direction: DESC }]
  ) {
    totalCount
    pageInfo {
      hasNextPage
      endCursor
    }
    edges {
      node {
        number
        summary
        status
        amount
        createdDate
        projectName
        customer {
          number
          name
        }
      }
    }
  }
}
`;

const ONE_CUSTOMER = `# One customer and its field work orders.
query OneCustomer {
  customer(by: { number: "200-000" }) {
    id
    databaseId
    number
    name
    billingContact
    billingContactEmail
    fwos(first: 5) {
      totalCount
      edges {
        node {
          number
          summary
          status
          amount
          labor {
            employeeName
            regularHours
          }
        }
      }
    }
  }
}
`;

const WAITING = {
  first: 10,
  filter: { status: ['ENTRY', 'PENDING_SIGNATURE', 'WAITING_FOR_APPROVAL'] },
};

export const EXAMPLES = [
  { query: CUSTOMERS },
  { query: FIELD_WORK_ORDERS, variables: JSON.stringify(WAITING, null, 2) },
  { query: ONE_CUSTOMER },
];
