//! Who may see and do what. Every role reads; a foreman reads, and writes, only the work of assigned projects.

use crate::sandbox::error::Answer;
use crate::sandbox::error::Problem;
use crate::sandbox::word::vocabulary;

vocabulary! {
    /// What a user may do.
    Role {
        Admin = "ADMIN",
        Pm = "PM",
        Foreman = "FOREMAN",
        Viewer = "VIEWER",
    }
}

/// The user a token speaks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) company_id: i64,
    pub(crate) user_id: i64,
    pub(crate) role: Role,
}

impl Caller {
    /// The user whose assignments narrow every question about projects and FWOs; none for a caller who sees them all.
    pub(crate) fn assignee(&self) -> Option<i64> {
        match self.role {
            Role::Admin | Role::Pm | Role::Viewer => None,
            Role::Foreman => Some(self.user_id),
        }
    }

    /// Refuses whoever may write no FWO: a viewer.
    pub(crate) fn may_write_fwos(&self) -> Answer<()> {
        match self.role {
            Role::Admin | Role::Pm | Role::Foreman => Ok(()),
            Role::Viewer => Err(Problem::forbidden()),
        }
    }

    /// Refuses whoever is not of the office, where FWOs are priced and billed.
    pub(crate) fn may_do_office_work(&self) -> Answer<()> {
        match self.role {
            Role::Admin | Role::Pm => Ok(()),
            Role::Foreman | Role::Viewer => Err(Problem::forbidden()),
        }
    }

    /// Refuses whoever may not write customers: all but an admin.
    pub(crate) fn may_write_customers(&self) -> Answer<()> {
        match self.role {
            Role::Admin => Ok(()),
            Role::Pm | Role::Foreman | Role::Viewer => Err(Problem::forbidden()),
        }
    }
}
