-- The sandbox's tables. Money, hours and percentages are whole hundredths, quantities and factors whole ten-thousandths,
-- instants milliseconds since 1970 in UTC, days and lists text: exact, and sorted by SQLite as people sort them.
-- `*_folded` columns hold the lower case of what the contains filters search; SQLite's own folding stops at ASCII.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE companies (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL,
    client_key_hash BLOB NOT NULL UNIQUE
) STRICT;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id    INTEGER NOT NULL REFERENCES companies (id),
    user_name     TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('ADMIN', 'PM', 'FOREMAN', 'VIEWER'))
) STRICT;
CREATE UNIQUE INDEX users_by_name ON users (company_id, user_name);

-- Only hashes: whoever reads the file cannot act for anybody.
CREATE TABLE tokens (
    token_hash BLOB PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_expiry ON tokens (expires_at);

CREATE TABLE billing_templates (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id       INTEGER NOT NULL REFERENCES companies (id),
    name             TEXT NOT NULL,
    overhead_percent INTEGER NOT NULL,
    profit_percent   INTEGER NOT NULL
) STRICT;

CREATE TABLE trade_templates (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id INTEGER NOT NULL REFERENCES companies (id),
    name       TEXT NOT NULL
) STRICT;

CREATE TABLE customers (
    id                    INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id            INTEGER NOT NULL REFERENCES companies (id),
    name                  TEXT NOT NULL,
    name_folded           TEXT NOT NULL,
    number                TEXT NOT NULL,
    address1              TEXT,
    address2              TEXT,
    city                  TEXT,
    state                 TEXT,
    zip_code              TEXT,
    contact_name          TEXT NOT NULL,
    contact_email         TEXT NOT NULL,
    billing_contact       TEXT,
    billing_contact_email TEXT,
    billing_contact_phone TEXT,
    contact_phone         TEXT NOT NULL,
    status                TEXT NOT NULL CHECK (status IN ('ACTIVE', 'INACTIVE')),
    billing_template_id   INTEGER REFERENCES billing_templates (id),
    trade_template_id     INTEGER REFERENCES trade_templates (id)
) STRICT;
CREATE UNIQUE INDEX customers_by_number ON customers (company_id, number);

CREATE TABLE projects (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id          INTEGER NOT NULL REFERENCES companies (id),
    customer_id         INTEGER NOT NULL REFERENCES customers (id),
    number              TEXT NOT NULL,
    name                TEXT NOT NULL,
    address1            TEXT,
    address2            TEXT,
    city                TEXT,
    state               TEXT,
    zip_code            TEXT,
    trades              TEXT NOT NULL,
    gc_project_number   TEXT,
    status              TEXT NOT NULL CHECK (status IN ('ACTIVE', 'INACTIVE')),
    billing_template_id INTEGER REFERENCES billing_templates (id),
    trade_template_id   INTEGER REFERENCES trade_templates (id),
    -- The highest number that an FWO of the project ever had: a deleted one's is not given again.
    last_fwo_number     INTEGER NOT NULL DEFAULT 0,
    updated_at          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX projects_by_number ON projects (company_id, number);
CREATE INDEX projects_by_customer ON projects (customer_id);

CREATE TABLE project_assignments (
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, project_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE fwos (
    id                         INTEGER PRIMARY KEY AUTOINCREMENT,
    company_id                 INTEGER NOT NULL REFERENCES companies (id),
    project_id                 INTEGER NOT NULL REFERENCES projects (id),
    number                     TEXT NOT NULL,
    type                       TEXT NOT NULL CHECK (type IN ('FIELD_WORK', 'SERVICE_WORK', 'TRACKING_ONLY')),
    status                     TEXT NOT NULL,
    summary                    TEXT NOT NULL,
    search_folded              TEXT NOT NULL,
    description                TEXT NOT NULL,
    categories                 TEXT NOT NULL,
    reference_number           TEXT,
    gc_reference               TEXT,
    gc_document_reference      TEXT,
    gc_document_reference_type TEXT,
    premium_time               INTEGER NOT NULL CHECK (premium_time IN (0, 1)),
    rom_amount                 INTEGER,
    labor_hours                INTEGER NOT NULL,
    labor_total                INTEGER NOT NULL,
    material_total             INTEGER NOT NULL,
    equipment_total            INTEGER NOT NULL,
    additional_total           INTEGER NOT NULL,
    overhead_percent           INTEGER NOT NULL,
    profit_percent             INTEGER NOT NULL,
    overhead_amount            INTEGER NOT NULL,
    profit_amount              INTEGER NOT NULL,
    amount                     INTEGER NOT NULL,
    group_name                 TEXT,
    change_order_number        TEXT,
    invoice_number             TEXT,
    signer_name                TEXT,
    signer_email               TEXT,
    signature_note             TEXT,
    signed_at                  INTEGER,
    authorization_id           INTEGER,
    created_by                 TEXT NOT NULL,
    created_at                 INTEGER NOT NULL,
    updated_at                 INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX fwos_by_number ON fwos (project_id, number);
CREATE INDEX fwos_by_company ON fwos (company_id);
CREATE INDEX fwos_by_creation ON fwos (company_id, created_at);
CREATE INDEX fwos_by_update ON fwos (company_id, updated_at);

CREATE TABLE labor_lines (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    fwo_id           INTEGER NOT NULL REFERENCES fwos (id) ON DELETE CASCADE,
    employee_number  TEXT,
    employee_name    TEXT NOT NULL,
    trade            TEXT NOT NULL,
    trade_class      TEXT NOT NULL,
    work_date        TEXT NOT NULL,
    regular_hours    INTEGER NOT NULL,
    overtime_hours   INTEGER NOT NULL,
    double_time_hours INTEGER NOT NULL,
    regular_rate     INTEGER,
    overtime_rate    INTEGER,
    double_time_rate INTEGER,
    amount           INTEGER NOT NULL
) STRICT;
CREATE INDEX labor_lines_by_fwo ON labor_lines (fwo_id);

CREATE TABLE material_lines (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    fwo_id       INTEGER NOT NULL REFERENCES fwos (id) ON DELETE CASCADE,
    item_code    TEXT,
    description  TEXT NOT NULL,
    quantity     INTEGER NOT NULL,
    unit_type    TEXT NOT NULL,
    pricing_unit TEXT NOT NULL CHECK (pricing_unit IN ('E', 'C', 'M', 'P')),
    factor       INTEGER NOT NULL,
    unit_price   INTEGER,
    amount       INTEGER NOT NULL
) STRICT;
CREATE INDEX material_lines_by_fwo ON material_lines (fwo_id);

CREATE TABLE equipment_lines (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    fwo_id      INTEGER NOT NULL REFERENCES fwos (id) ON DELETE CASCADE,
    item_code   TEXT,
    description TEXT NOT NULL,
    quantity    INTEGER NOT NULL,
    unit_type   TEXT NOT NULL,
    rate        INTEGER NOT NULL,
    amount      INTEGER NOT NULL
) STRICT;
CREATE INDEX equipment_lines_by_fwo ON equipment_lines (fwo_id);

CREATE TABLE additional_items (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    fwo_id      INTEGER NOT NULL REFERENCES fwos (id) ON DELETE CASCADE,
    category    TEXT NOT NULL,
    item_number TEXT,
    description TEXT NOT NULL,
    calc        TEXT NOT NULL CHECK (calc IN ('HOURS', 'AMOUNT')),
    hours_per   INTEGER,
    quantity    INTEGER NOT NULL,
    rate        INTEGER NOT NULL,
    amount      INTEGER NOT NULL
) STRICT;
CREATE INDEX additional_items_by_fwo ON additional_items (fwo_id);
