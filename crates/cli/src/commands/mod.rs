//! One file per subcommand.

pub(crate) mod doctor;
pub(crate) mod inspect;
pub(crate) mod instrument;
pub(crate) mod ps;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod scan;
pub(crate) mod watch;
