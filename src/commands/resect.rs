//! `fabrica resect`: takes a part of a structure out, and says what that leaves.

use anyhow::{Context, Result, bail};
use fabrica_approach::Sweep;
use fabrica_approach::report::RIGID;
use fabrica_approach::resect::{Removal, ResectionReport, region, touched};
use fabrica_case::Case;
use fabrica_geometry::{LpsPoint, LpsVector, Mm};
use fabrica_plan::{
    Area, Author, EditOperation, Item, ItemKind, ItemOperation, Limits, Logic, Mode, Operation, Resection, Shape,
    Stroke, StrokePath, Tool,
};
use fabrica_progress::Progress;
use fabrica_segment::VoxelShape;
use fabrica_volume::{Mask, Rgb, Structure};

use crate::author::author;
use crate::cli_operate::ResectArgs;
use crate::parse;
use crate::terminal::{Bar, say};

/// The piece's colour.
const PIECE: Rgb = Rgb(230, 140, 60);
/// The corners of a round window's outline: it departs from the circle by less than 1/6,000 of the radius.
const CORNERS: u32 = 180;

/// Runs the command.
pub fn run(args: &ResectArgs) -> Result<()> {
    let by = author(args.by.as_deref())?;
    if args.how.put_back {
        return put_back(args, &by);
    }
    let mut case = if args.try_out { Case::open_read_only(&args.case)? } else { Case::open(&args.case)? };
    case.require_settled_geometry()?;
    let bar = Bar::start();
    let progress = bar.progress();
    let structure = case.structure(&args.structure, progress)?;
    let tumour = args.tumour.as_ref().map(|name| case.structure(name, progress)).transpose()?;
    if case.structures().iter().any(|s| s.name == args.name) {
        bail!("there is a structure \"{}\" already; give the piece another name: --name", args.name);
    }
    let cut = Cut::read(args)?;
    let taken = region(&structure, &cut.removal(tumour.as_ref())?, progress)?;
    let (expected, rest) = split(&structure.mask, &taken)?;
    if expected.is_empty() {
        bail!("nothing of \"{}\" lies in the region that is to be taken out", args.structure);
    }
    let others = others(&case, args, &structure, progress)?;
    let told = touched(&taken, &others.iter().collect::<Vec<_>>(), progress)?;

    if args.try_out {
        let report = ResectionReport::of(&expected, &rest, tumour.as_ref(), told, progress)?;
        drop(bar);
        return tell(args, &report, case.is_simulated());
    }
    let volume = case.structure_entry(&args.structure)?.volume.clone();
    let operations = cut.operations(args, volume)?;
    let mut done = 0;
    let made = operations.into_iter().try_for_each(|operation| {
        match operation {
            Operation::Edit(EditOperation::Stroke(stroke)) => drop(case.edit(stroke, &by, progress)?),
            other => drop(case.apply(other, &by)?),
        }
        done += 1;
        anyhow::Ok(())
    });
    let report = made.and_then(|()| {
        let piece = case.mask(&args.name, progress)?;
        let rest = case.mask(&args.structure, progress)?;
        check(&structure.mask, &piece, &rest, &expected, progress)?;
        Ok(ResectionReport::of(&piece, &rest, tumour.as_ref(), told, progress)?)
    });
    let report = match report {
        Ok(report) => report,
        // Half a resection is none.
        Err(error) => {
            for _ in 0..done {
                case.undo(&by)?;
            }
            return Err(error.context("nothing was taken out"));
        }
    };
    drop(bar);
    tell(args, &report, case.is_simulated())
}

/// What is to be cut, as it was asked for.
enum Cut {
    Window { path: fabrica_approach::Path, diameter: Mm },
    Drill { points: Vec<LpsPoint>, diameter: Mm, sweep: Sweep },
    Beyond(Vec<(LpsPoint, LpsVector)>),
    Outline { outline: Vec<LpsPoint>, along: LpsVector },
    Margin(Mm),
}

impl Cut {
    fn read(args: &ResectArgs) -> Result<Self> {
        let points = |words: &[String]| words.iter().map(|w| parse::point(w)).collect::<Result<Vec<_>>>();
        let diameter = || args.diameter.map(Mm).context("how wide? --diameter MM");
        let how = &args.how;
        if let [from, to] = &points(&how.window)?[..] {
            let path = fabrica_approach::Path { entry: *from, target: *to };
            return Ok(Self::Window { path, diameter: diameter()? });
        }
        if !how.drill.is_empty() {
            let (points, diameter) = (points(&how.drill)?, diameter()?);
            let sweep = Sweep::of_burr(&points, diameter)?;
            return Ok(Self::Drill { points, diameter, sweep });
        }
        if !how.beyond.is_empty() {
            return Ok(Self::Beyond(how.beyond.iter().map(|w| parse::plane(w)).collect::<Result<_>>()?));
        }
        if let Some(along) = args.along.as_ref().filter(|_| !how.outline.is_empty()) {
            let along = parse::point(along)? - LpsPoint::default();
            return Ok(Self::Outline { outline: points(&how.outline)?, along });
        }
        Ok(Self::Margin(Mm(how.margin.context("say how: --window, --drill, --beyond, --outline or --margin")?)))
    }

    fn removal<'a>(&'a self, tumour: Option<&'a Structure>) -> Result<Removal<'a>> {
        Ok(match self {
            Self::Window { path, diameter } => Removal::Window { path: *path, diameter: *diameter },
            Self::Drill { sweep, .. } => Removal::Drilled(sweep),
            Self::Beyond(planes) => Removal::Beyond(planes.clone()),
            Self::Outline { outline, along } => Removal::Within { outline: outline.clone(), along: *along },
            Self::Margin(margin) => {
                let around = &tumour.context("a margin is measured from a tumour: --tumour NAME")?.mask;
                Removal::Margin { around, margin: *margin }
            }
        })
    }

    /// The operations of the plan that make the piece, take it out of the structure, and say so.
    fn operations(&self, args: &ResectArgs, volume: String) -> Result<Vec<Operation>> {
        let piece = || args.name.clone();
        let on_piece = |tool: Tool| Operation::from(Stroke::new(piece(), tool));
        let copy = || on_piece(Tool::Logic(Logic::Copy(args.structure.clone())));
        let keep_within = |shape: Shape| on_piece(Tool::Cut { shape, inside: false, mode: Mode::Erase });
        let mut operations: Vec<Operation> =
            vec![EditOperation::Create { structure: piece(), volume, colour: PIECE }.into()];
        let mut shapes = Vec::new();
        match self {
            Self::Window { path, diameter } => shapes.push(cylinder(path, *diameter)?),
            Self::Drill { points, diameter, .. } => {
                let path = StrokePath::new(points.iter().copied())?;
                let tool = Tool::Brush { path, radius: Mm(diameter.0 / 2.0), mode: Mode::Add };
                let limits = Limits { area: Area::Inside(vec![args.structure.clone()]), values: None };
                operations.push(Stroke { limits, ..Stroke::new(piece(), tool) }.into());
            }
            Self::Beyond(planes) => {
                shapes.extend(planes.iter().map(|(point, normal)| Shape::HalfSpace { point: *point, normal: *normal }));
            }
            Self::Outline { outline, along } => {
                let outline = StrokePath::new(outline.iter().copied())?;
                shapes.push(Shape::Prism { outline, along: *along, thickness: None });
            }
            Self::Margin(margin) => {
                let tumour = args.tumour.clone().context("a margin is measured from a tumour: --tumour NAME")?;
                operations.push(on_piece(Tool::Logic(Logic::Copy(tumour))));
                operations.push(on_piece(Tool::Margin { by: *margin }));
                operations.push(on_piece(Tool::Logic(Logic::Intersect(args.structure.clone()))));
            }
        }
        if !shapes.is_empty() {
            operations.push(copy());
            operations.extend(shapes.iter().cloned().map(keep_within));
        }
        let out = Tool::Logic(Logic::Subtract(piece()));
        operations.push(Stroke::new(args.structure.clone(), out).into());
        // One region alone can be kept as the plan's own words for it.
        if let [region] = &shapes[..] {
            let item = Resection { structure: args.structure.clone(), region: region.clone(), margin: Mm(0.0) };
            operations.push(Operation::Item(ItemOperation::Set { name: piece(), item: Item::Resection(item) }));
        }
        Ok(operations)
    }
}

/// A cylinder around a path, from its entry to its target.
fn cylinder(path: &fabrica_approach::Path, diameter: Mm) -> Result<Shape> {
    let along = path.direction()?;
    let (u, v) = along.0.any_orthonormal_pair();
    let middle = (path.entry.0 + path.target.0) / 2.0;
    let corners = (0..CORNERS).map(|n| {
        let (sin, cos) = (std::f64::consts::TAU * f64::from(n) / f64::from(CORNERS)).sin_cos();
        LpsPoint(middle + (u * cos + v * sin) * (diameter.0 / 2.0))
    });
    Ok(Shape::Prism { outline: StrokePath::new(corners)?, along, thickness: Some(path.length()) })
}

/// What belongs to a region, and what does not.
fn split(mask: &Mask, region: &Mask) -> Result<(Mask, Mask)> {
    Ok((fabrica_segment::intersection(mask, region)?, fabrica_segment::difference(mask, region)?))
}

/// The plan's strokes and the geometry of the removal were worked out by different code: they must agree, and no voxel may be
/// lost or come from nowhere.
fn check(before: &Mask, piece: &Mask, rest: &Mask, expected: &Mask, progress: &Progress) -> Result<()> {
    let whole = fabrica_segment::union(piece, rest)?;
    if piece.count() + rest.count() != before.count() || whole.count() != before.count() {
        bail!(
            "the piece ({} voxels) and the rest ({}) are not the structure as it was ({})",
            piece.count(),
            rest.count(),
            before.count()
        );
    }
    // Both place a voxel by its middle; the border may fall to either side of those that it runs through.
    let apart =
        fabrica_segment::difference(piece, expected)?.count() + fabrica_segment::difference(expected, piece)?.count();
    let core = fabrica_segment::erode_voxels(piece, VoxelShape::Cross(1), progress)?;
    let border = fabrica_segment::difference(piece, &core)?.count();
    if apart > border {
        bail!("the strokes took {} voxels out, the geometry of the cut says {}", piece.count(), expected.count());
    }
    Ok(())
}

/// The structures that may be touched: all on the same volume but the one that is cut and the tumour.
fn others(case: &Case, args: &ResectArgs, structure: &Structure, progress: &Progress) -> Result<Vec<Structure>> {
    let volume = &case.structure_entry(&args.structure)?.volume;
    let names: Vec<String> = case
        .structures()
        .iter()
        .filter(|s| s.volume == *volume && s.name != structure.name && Some(&s.name) != args.tumour.as_ref())
        .map(|s| s.name.clone())
        .collect();
    Ok(names.iter().map(|name| case.structure(name, progress)).collect::<Result<Vec<_>, _>>()?)
}

fn put_back(args: &ResectArgs, by: &Author) -> Result<()> {
    let mut case = Case::open(&args.case)?;
    let bar = Bar::start();
    let progress = bar.progress();
    let piece = case.mask(&args.name, progress)?.count();
    let stroke = Stroke::new(args.structure.clone(), Tool::Logic(Logic::Add(args.name.clone())));
    let (_, tallies) = case.edit(stroke, by, progress)?;
    if case.plan().state().items.resections.contains_key(&args.name) {
        let gone = ItemOperation::Remove { kind: ItemKind::Resection, name: args.name.clone() };
        case.apply(Operation::Item(gone), by)?;
    }
    drop(bar);
    let gained = tallies.get(&args.structure).map_or(0, |t| t.gained);
    say(format_args!("{gained} of the {piece} voxels of {} are back in {}", args.name, args.structure));
    Ok(())
}

fn tell(args: &ResectArgs, report: &ResectionReport, simulated: bool) -> Result<()> {
    if args.json {
        let mut value = serde_json::to_value(report)?;
        value["structure"] = args.structure.clone().into();
        value["piece"] = args.name.clone().into();
        value["simulated"] = simulated.into();
        value["done"] = (!args.try_out).into();
        value["rigid"] = RIGID.into();
        say(serde_json::to_string_pretty(&value)?);
        return Ok(());
    }
    if simulated {
        say("Simulated data.");
    }
    let ml = |v: fabrica_geometry::Mm3| v.0 / 1000.0;
    say(format_args!("{}: {:.2} mL taken out of {}", args.name, ml(report.resected), args.structure));
    say(format_args!("  {:.2} mL stay ({:.1} %)", ml(report.remaining), report.remaining_share * 100.0));
    if let Some(margin) = &report.margin {
        let p = margin.at.0;
        say(format_args!(
            "  margin to the tumour: {:.1} ± {:.1} mm at L {:.1}, P {:.1}, S {:.1}; {:.1} cm² of cut surface",
            margin.least.0,
            margin.error.0,
            p.x,
            p.y,
            p.z,
            margin.cut_area.0 / 100.0
        ));
        for (limit, share) in margin.share_nearer.iter().filter(|(_, share)| *share > 0.0) {
            say(format_args!("    {:.1} % of it nearer than {limit} mm", share * 100.0));
        }
        if margin.left_behind.0 > 0.0 {
            say(format_args!("  MIND: {:.2} mL of the tumour stay behind", ml(margin.left_behind)));
        }
    }
    for touched in &report.touched {
        say(format_args!("  touches {}: {:.2} mL of it lie in the cut", touched.structure, ml(touched.volume)));
    }
    if args.try_out {
        say("  (not done)");
    }
    say(RIGID);
    Ok(())
}
