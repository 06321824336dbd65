//! Programs that nobody here wrote do the same under both.

use crate::side_by_side::{Job, same};
use wasmscope_testkit::{PROGRAMS, Program, may_skip};

/// What it is made of.
fn job(program: &Program) -> Option<Job> {
    match program.module() {
        Ok(module) => {
            let mut job = Job::new(&module, &["--dir", "."]);
            job.options.extend(program.options.iter().map(|option| option.to_string()));
            job.args = program.args.iter().map(|arg| arg.to_string()).collect();
            job.input = program.input.into();
            Some(job)
        }
        Err(missing) => {
            may_skip("real programs", missing, false);
            None
        }
    }
}

#[test]
fn real_programs_do_the_same() {
    for program in PROGRAMS {
        let mut chain = vec![program];
        while let Some(before) = chain[0].after {
            chain.insert(0, PROGRAMS.iter().find(|program| program.name == before).unwrap());
        }
        let Some(jobs) = chain.iter().map(|program| job(program)).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let jobs: Vec<_> = jobs.iter().collect();
        let ran = same(program.name, &jobs, |dir| chain.iter().for_each(|program| program.prepare(dir)));
        if let Some(ran) = ran {
            assert_ne!(ran.status, Some(134), "{}: {ran:?}", program.name);
            assert!(!ran.stderr.contains("failed to run main module"), "{}: {ran:?}", program.name);
        }
    }
}
