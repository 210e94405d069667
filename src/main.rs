//! Fabrica: takes a patient's scan to a rehearsed operation. See `ARCHITECTURE.md` for the map.

mod app;
mod author;
mod cinematic;
mod cli;
mod cli_approach;
mod cli_edit;
mod cli_operate;
mod cli_review;
mod commands;
mod network;
mod parse;
mod picture;
mod steps;
mod terminal;
mod trace;
mod views;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Series(args) => commands::series::run(&args),
        Command::Import(args) => commands::import::run(&args),
        Command::Info(args) => commands::info::run(&args),
        Command::Accept(args) => commands::accept::run(&args),
        Command::Segment(args) => commands::segment::run(&args),
        Command::Models(args) => commands::models::run(&args),
        Command::Review(args) => commands::review::run(&args),
        Command::Edit(args) => commands::edit::run(&args),
        Command::Merge(args) => commands::merge::run(&args),
        Command::Replay(args) => commands::replay::run(&args),
        Command::Approach(args) => commands::approach::run(&args),
        Command::Resect(args) => commands::resect::run(&args),
        Command::Implant(args) => commands::implant::run(&args),
        Command::Render(args) => commands::render::run(&args),
        Command::Gallery(args) => commands::gallery::run(&args),
        Command::Measure(args) => commands::measure::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Print(args) => commands::print::run(&args),
        Command::Mesh(args) => commands::mesh::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Phantom(args) => commands::phantom::run(&args),
        Command::Open(args) => commands::open::run(&args),
        Command::Bench(args) => commands::bench::run(&args),
        Command::Demo(args) => commands::demo::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::tell_error(&error);
            ExitCode::FAILURE
        }
    }
}
