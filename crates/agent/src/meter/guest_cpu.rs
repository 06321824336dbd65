//! Whose code a workload's CPU time was spent in, and what the workload is called.

use std::{borrow::Cow, time::Duration};
use wasmscope_export::{ByName, label};
use wasmscope_model::{Sha256, Workload};

/// Most modules told apart within one process; the rest is `other`.
const MOST_MODULES: usize = 1024;

/// How a workload is described beside its id.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    pub(super) runtime: Option<String>,
    pub(super) version: Option<String>,
    pub(super) module: Option<String>,
    pub(super) module_sha256: Option<Sha256>,
    pub(super) container: Option<String>,
    pub(super) pod: Option<String>,
}

/// One stretch of native guest code, and which module it belongs to.
#[derive(Debug)]
struct Code {
    start: u64,
    end: u64,
    module: usize,
}

/// CPU time by module.
#[derive(Debug, Default)]
pub(super) struct GuestCpu {
    about: About,
    code: Vec<Code>,
    modules: Vec<(String, Duration)>,
    outside: Duration,
}

impl GuestCpu {
    /// Takes in what is known of the workload now. Time that was counted stays where it is.
    pub(super) fn learn(&mut self, workload: &Workload) {
        let module = workload.module();
        self.about = About {
            runtime: workload.recognition.runtime.clone(),
            version: workload.recognition.version.clone(),
            module: module.and_then(|m| m.path.as_deref().or(m.name.as_deref())).map(base_name),
            module_sha256: module.and_then(|m| m.sha256),
            container: workload.container.id.clone(),
            pod: workload.container.pod_uid.clone(),
        };
        let mut code = Vec::new();
        for image in workload.images.iter().filter(|image| image.is_native()) {
            let file =
                image.module_sha256.and_then(|of| workload.modules.iter().find(|m| m.sha256 == Some(of)));
            let name =
                match (file.and_then(|m| m.path.as_deref().or(m.name.as_deref())), image.file.as_deref()) {
                    (Some(path), _) | (None, Some(path)) => base_name(path),
                    // Nothing but its functions tells it apart.
                    (None, None) => image.symbols_sha256.map_or_else(
                        || "unknown".to_owned(),
                        |symbols| format!("symbols:{:.12}", symbols.to_string()),
                    ),
                };
            let end = image.text_base.saturating_add(image.text_bytes);
            code.push(Code { start: image.text_base, end, module: self.module(&label(&name)) });
        }
        code.sort_by_key(|code| code.start);
        self.code = code;
    }

    fn module(&mut self, name: &str) -> usize {
        if let Some(at) = self.modules.iter().position(|(known, _)| known == name) {
            return at;
        }
        if self.modules.len() >= MOST_MODULES && name != "other" {
            return self.module("other");
        }
        self.modules.push((name.to_owned(), Duration::ZERO));
        self.modules.len() - 1
    }

    /// Whether samples say anything: where guest code is, is only known of some runtimes.
    pub(super) fn knows_code(&self) -> bool {
        !self.code.is_empty()
    }

    /// One sample. In the kernel it counts for nobody: the guest's own calls are the host's work.
    pub(super) fn add(&mut self, ip: u64, in_kernel: bool, time: Duration) {
        let after = self.code.partition_point(|code| code.start <= ip);
        let code =
            after.checked_sub(1).and_then(|at| self.code.get(at)).filter(|code| ip < code.end && !in_kernel);
        match code.and_then(|code| self.modules.get_mut(code.module)) {
            Some((_, sum)) => *sum += time,
            None => self.outside += time,
        }
    }

    pub(super) fn about(&self) -> &About {
        &self.about
    }

    pub(super) fn by_module(&self) -> ByName<Duration> {
        self.modules.iter().map(|(name, time)| (Cow::Owned(name.clone()), *time)).collect()
    }

    /// CPU time outside of guest code; `None` where guest code is not known.
    pub(super) fn outside(&self) -> Option<Duration> {
        (!self.modules.is_empty()).then_some(self.outside)
    }
}

fn base_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}
