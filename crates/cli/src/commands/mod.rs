//! One file per subcommand.

pub(crate) mod baseline;
pub(crate) mod dashboards;
pub(crate) mod doctor;
pub(crate) mod evaluate;
pub(crate) mod files;
mod guest;
pub(crate) mod inspect;
pub(crate) mod instrument;
pub(crate) mod ps;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod serve;
pub(crate) mod watch;
