//! What an event says of what is usual.

use crate::{
    Dimension,
    path::{generalise, generalise_component},
    patterns::How,
    peer::{Side, endpoint, generalise_peer},
};
use std::net::{IpAddr, SocketAddr};
use wasmscope_model::{
    EventKind, Kind,
    activity::{FileAct, NetworkAct},
    boundary::HostCall,
    event::Exit,
};

/// Longest text of a call or name that is kept, bytes.
const MOST_BYTES: usize = 128;

/// One thing that was done.
#[derive(Debug)]
pub(crate) struct Feature {
    pub(crate) dimension: Dimension,
    pub(crate) pattern: String,
    pub(crate) how: How,
}

/// What one event says; used again and again, so that no event costs an allocation.
#[derive(Debug, Default)]
pub(crate) struct Features {
    items: Vec<Feature>,
    used: usize,
}

impl Features {
    /// What the last event said.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Feature> {
        self.items[..self.used].iter()
    }

    /// Takes an event apart.
    pub(crate) fn read(&mut self, kind: &EventKind) {
        self.used = 0;
        self.read_act(kind);
        match kind {
            EventKind::Opened(act)
            | EventKind::Created(act)
            | EventKind::Removed(act)
            | EventKind::Renamed(act)
            | EventKind::Linked(act)
            | EventKind::Truncated(act) => self.read_file(kind.kind(), act),
            EventKind::Connected(act) | EventKind::Peer(act) => self.read_peer(act, Side::Out),
            EventKind::Accepted(act) => self.read_peer(act, Side::In),
            EventKind::Bound(act) | EventKind::Listening(act) => self.read_peer(act, Side::At),
            EventKind::Asked(act) => {
                self.read_peer(&act.network, Side::Out);
                if let Some(name) = &act.name {
                    self.read_name(name);
                }
            }
            EventKind::Executed(act) => {
                let to = self.begin(Dimension::Call, How::default());
                to.push_str("program ");
                generalise_component(cut(&act.name), to);
            }
            EventKind::Sensitive(act) => self.call(["syscall ", &act.outcome.call]),
            EventKind::SignalSent(act) => self.call(["signal ", &act.signal.to_string()]),
            EventKind::HostCall(of) => self.read_host_call(&of.what.what),
            EventKind::InstanceEnded(of) => {
                // What was throttled is counted here all the same.
                of.what.what.functions.keys().for_each(|name| self.call([name]));
            }
            _ => {}
        }
    }

    fn begin(&mut self, dimension: Dimension, how: How) -> &mut String {
        if self.used == self.items.len() {
            self.items.push(Feature { dimension, pattern: String::new(), how });
        }
        let item = &mut self.items[self.used];
        self.used += 1;
        (item.dimension, item.how) = (dimension, how);
        item.pattern.clear();
        &mut item.pattern
    }

    fn read_act(&mut self, kind: &EventKind) {
        let detail = match kind {
            _ if !is_act(kind.kind()) => return,
            EventKind::Trapped(fault) => fault.trap.as_deref(),
            EventKind::Exited { how: Exit::Signal { signal, .. }, .. } => {
                let to = self.begin(Dimension::Act, How::default());
                to.push_str(kind.name());
                to.push_str(" signal ");
                return to.push_str(&signal.to_string());
            }
            EventKind::GuestRan(of) => Some(of.what.what.end.as_str()),
            _ => None,
        };
        let to = self.begin(Dimension::Act, How::default());
        to.push_str(kind.name());
        if let Some(detail) = detail {
            to.push(' ');
            to.push_str(cut(detail));
        }
    }

    fn read_file(&mut self, kind: Kind, act: &FileAct) {
        let (how, target) = match (kind, &act.outcome.error) {
            // What failed was not done; the path is worth a look all the same.
            (_, Some(_)) => (How::default(), How::default()),
            (Kind::Opened, None) => (opened_for(act), How::default()),
            (Kind::Created, None) => (opened_for(act).union(How::CREATE), How::default()),
            (Kind::Removed, None) => (How::REMOVE, How::default()),
            (Kind::Renamed, None) => (How::RENAME, How::RENAME),
            (Kind::Linked, None) => (How::LINK, How::LINK),
            (_, None) => (How::CUT, How::default()),
        };
        match (&act.path, &act.requested) {
            (Some(path), _) => generalise(path, self.begin(Dimension::Path, how)),
            (None, Some(requested)) => self.join(act.directory.as_deref(), requested, how),
            (None, None) => {}
        }
        // What a symbolic link says is no place that anybody went to.
        let symbolic = act.outcome.call.starts_with("symlink");
        if let Some(path) = act.target.as_ref().filter(|_| !symbolic) {
            self.join(act.target_directory.as_deref(), path, target);
        }
    }

    fn join(&mut self, directory: Option<&str>, path: &str, how: How) {
        let to = self.begin(Dimension::Path, how);
        match directory.filter(|_| !path.starts_with('/')) {
            Some(directory) => generalise(&format!("{directory}/{path}"), to),
            None => generalise(path, to),
        }
    }

    fn read_peer(&mut self, act: &NetworkAct, side: Side) {
        let to = self.begin(Dimension::Peer, How::default());
        if !generalise_peer(act, side, to) {
            self.used -= 1;
        }
    }

    fn read_name(&mut self, name: &str) {
        let to = self.begin(Dimension::Name, How::default());
        let name = cut(name).trim_end_matches('.').to_ascii_lowercase();
        for (n, label) in name.split('.').enumerate() {
            if n > 0 {
                to.push('.');
            }
            generalise_component(label, to);
        }
    }

    fn read_host_call(&mut self, call: &HostCall) {
        self.call([&call.interface, "#", &call.name]);
        if let Some(path) = call.path() {
            // In the guest's own view: relative to a directory that only the runtime knows.
            let to = self.begin(Dimension::Path, How::default());
            to.push_str("guest:");
            generalise(path, to);
        }
        match call.address().map(|text| (text, text.parse::<SocketAddr>(), text.parse::<IpAddr>())) {
            Some((_, Ok(address), _)) => {
                let to = self.begin(Dimension::Peer, How::default());
                to.push_str("out guest ");
                endpoint(address.ip(), Some(address.port()), to);
            }
            Some((_, _, Ok(address))) => {
                let to = self.begin(Dimension::Peer, How::default());
                to.push_str("out guest ");
                endpoint(address, None, to);
            }
            Some((name, ..)) => self.read_name(name),
            None => {}
        }
    }

    fn call<const N: usize>(&mut self, parts: [&str; N]) {
        let to = self.begin(Dimension::Call, How::default());
        parts.iter().for_each(|part| to.push_str(cut(part)));
    }
}

/// What a module does, not what is said about it.
pub(crate) fn is_act(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Started
            | Kind::Identified
            | Kind::Throttled
            | Kind::InstanceStarted
            | Kind::InstanceEnded
            | Kind::Detected
            | Kind::Lost
            | Kind::Sensor
    )
}

fn opened_for(act: &FileAct) -> How {
    let how = act.flags.iter().map(|flag| match flag.as_ref() {
        "read" | "directory" => How::READ,
        "write" | "append" => How::WRITE,
        "create" => How::CREATE,
        "truncate" => How::CUT,
        _ => How::default(),
    });
    how.fold(How::default(), How::union)
}

/// The head of a text, in whole characters.
pub(crate) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_BYTES)]
}
