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

const NEW_FIELD_WORK_ORDER = `# Makes a field work order in a project; what is made is in the variables below.
# userErrors say what you can mend: try an empty summary.
mutation NewFieldWorkOrder($input: CreateFwoInput!) {
  createFwo(input: $input) {
    fwo {
      id
      number
      status
      projectName
      laborHours
      amount
    }
    userErrors {
      code
      message
      field
    }
  }
}
`;

const EXTRA_WORK = {
  input: {
    projectId: '1',
    summary: 'Patch drywall after sprinkler test',
    description: 'Level 3, corridor 214: cut back, patched and painted.',
    labor: [
      {
        employeeName: 'Dana Reyes',
        trade: 'Drywall',
        tradeClass: 'Journeyman',
        workDate: '2026-11-02',
        regularHours: '7.5',
        regularRate: '72.30',
      },
    ],
  },
};

const WAITING = {
  first: 10,
  filter: { status: ['ENTRY', 'PENDING_SIGNATURE', 'WAITING_FOR_APPROVAL'] },
};

export const EXAMPLES = [
  { query: CUSTOMERS },
  { query: FIELD_WORK_ORDERS, variables: JSON.stringify(WAITING, null, 2) },
  { query: ONE_CUSTOMER },
  { query: NEW_FIELD_WORK_ORDER, variables: JSON.stringify(EXTRA_WORK, null, 2) },
];
