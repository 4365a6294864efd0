//! What machine this is, asked once a process.

use std::sync::{Arc, OnceLock};

use cranelift::codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift::codegen::settings::{self, Configurable};

use crate::error::Unsupported;

/// Returns the host's instruction set, with or without the optimiser.
pub(crate) fn isa(optimize: bool) -> Result<OwnedTargetIsa, Unsupported> {
    static PLAIN: OnceLock<Option<OwnedTargetIsa>> = OnceLock::new();
    static OPTIMIZED: OnceLock<Option<OwnedTargetIsa>> = OnceLock::new();
    let cell = if optimize { &OPTIMIZED } else { &PLAIN };
    let isa = cell.get_or_init(|| detect(optimize));
    isa.clone().ok_or_else(|| Unsupported::new("machine code for this host"))
}

fn detect(optimize: bool) -> Option<Arc<dyn TargetIsa>> {
    let mut flags = settings::builder();
    let settings = [
        ("opt_level", if optimize { "speed" } else { "none" }),
        ("use_colocated_libcalls", "false"),
        ("is_pic", "false"),
        ("unwind_info", "false"),
        ("enable_probestack", "false"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
    ];
    for (name, value) in settings {
        flags.set(name, value).ok()?;
    }
    let isa = cranelift::native::builder().ok()?;
    isa.finish(settings::Flags::new(flags)).ok()
}

/// True if the vector mode's operations all have a lowering here.
pub(crate) fn has_lanes() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::arch::is_x86_feature_detected!("sse4.2")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Returns the host as text, a part of the code cache's key.
pub(crate) fn features() -> Arc<str> {
    static FEATURES: OnceLock<Arc<str>> = OnceLock::new();
    let text = FEATURES.get_or_init(|| match isa(true) {
        Ok(isa) => {
            let flags: Vec<_> =
                isa.isa_flags().iter().map(|flag| format!("{}={}", flag.name, flag)).collect();
            format!("{} {}", isa.triple(), flags.join(" ")).into()
        }
        Err(_) => "none".into(),
    });
    Arc::clone(text)
}
