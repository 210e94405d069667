//! The ray caster against what can be computed by hand, against itself, and on a real scan.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

mod support;

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_raycast::{
    Camera, ClipPlane, ControlPoint, Image, Preset, Projection, RenderError, RenderMode, RenderSettings,
    TransferFunction, View, Window, linear_to_srgb, render_volume,
};
use fabrica_volume::{Rgb, Samples, ValueUnit, Volume};

const SIZE: [u32; 2] = [120, 100];

fn function(points: &[(f64, Rgb, f64)]) -> TransferFunction {
    let points = points.iter().map(|&(value, colour, opacity)| ControlPoint { value, colour, opacity }).collect();
    TransferFunction::new(points, Mm(1.0)).unwrap()
}

fn draw(volume: &Volume, function: &TransferFunction, camera: &Camera, settings: &RenderSettings) -> Image {
    render_volume(volume, function, camera, SIZE, settings, &Progress::new()).unwrap()
}

/// Unlit, so that colours can be computed.
fn flat() -> RenderSettings {
    RenderSettings { lighting: None, ..RenderSettings::default() }
}

/// From the front, one pixel a millimetre.
fn front() -> Camera {
    Camera {
        eye: LpsPoint::new(0.0, -500.0, 0.0),
        target: LpsPoint::default(),
        up: LpsVector::new(0.0, 0.0, 1.0),
        projection: Projection::Orthographic { height: Mm(100.0) },
    }
}

fn constant(value: u8) -> Volume {
    let grid = Grid::axis_aligned([20, 10, 16], LpsPoint::new(-38.0, -18.0, -30.0), [4.0; 3]).unwrap();
    Volume::new(grid.clone(), Samples::U8(vec![value; grid.len()]), ValueUnit::Arbitrary).unwrap()
}

#[test]
fn a_fog_takes_away_what_beers_law_says_whatever_the_step() {
    let volume = constant(100); // 40 mm deep
    let fog = function(&[(0.0, Rgb(255, 255, 255), 0.02), (255.0, Rgb(255, 255, 255), 0.02)]);
    let settings = RenderSettings { background: Rgb(0, 0, 255), ..flat() };
    for step_voxels in [0.1, 0.25, 0.5, 1.0] {
        let image = draw(&volume, &fog, &front(), &RenderSettings { step_voxels, ..settings });
        let left = 0.98f32.powi(40);
        let [r, g, b, a] = image.pixel(60, 50).unwrap();
        let wanted = linear_to_srgb(1.0 - left);
        assert!(r.abs_diff(wanted) <= 1 && g == r, "{r} {wanted}");
        assert_eq!((b, a), (255, 255));
        assert_eq!(image.pixel(1, 1).unwrap(), [0, 0, 255, 255], "outside the box");
    }
}

#[test]
fn a_thin_bright_range_is_not_missed_between_samples() {
    // The value climbs from 0 to 1000 over one voxel; only 490 to 510 shows, opaque. A sample would rarely meet it.
    let grid = Grid::axis_aligned([20, 20, 20], LpsPoint::new(-38.0, -38.0, -38.0), [4.0; 3]).unwrap();
    let values = (0..grid.len()).map(|n| if grid.position(n)[1] >= 10 { 1000 } else { 0 }).collect();
    let volume = Volume::new(grid, Samples::I16(values), ValueUnit::Arbitrary).unwrap();
    let white = Rgb(255, 255, 255);
    let shell = function(&[(489.0, white, 0.0), (490.0, white, 1.0), (510.0, white, 1.0), (511.0, white, 0.0)]);
    let view: View = "azimuth=20,elevation=13".parse().unwrap();
    let camera = view.camera(volume.grid().bounds(), SIZE);
    let image = draw(&volume, &shell, &camera, &RenderSettings { step_voxels: 1.0, ..flat() });
    let seen: Vec<u8> =
        (50..70).flat_map(|x| (40..60).map(move |y| (x, y))).map(|(x, y)| image.pixel(x, y).unwrap()[0]).collect();
    let (least, most) = (seen.iter().min().unwrap(), seen.iter().max().unwrap());
    assert!(*least > 60, "a hole");
    assert!(most - least < 40, "grain: {least} to {most}");
}

#[test]
fn leaping_over_empty_space_changes_nothing() {
    let mut volumes = vec![("synthetic", support::synthetic(60))];
    volumes.extend(support::head_ct().map(|v| ("head", v)));
    for (name, volume) in &volumes {
        let view: View = "azimuth=30,elevation=12,zoom=1.3".parse().unwrap();
        let camera = view.camera(volume.grid().bounds(), SIZE);
        for preset in Preset::all().unwrap() {
            let function = preset.transfer_function(volume).unwrap();
            let settings = preset.settings(volume);
            let clip = Some(ClipPlane { point: volume.grid().centre(), keep: LpsVector::new(1.0, 0.5, 0.0) });
            for clip in [None, clip] {
                let leaping = draw(volume, &function, &camera, &RenderSettings { clip, ..settings });
                let every = draw(volume, &function, &camera, &RenderSettings { clip, skip_empty: false, ..settings });
                let worst = leaping.rgba.iter().zip(&every.rgba).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                assert!(worst <= 1, "{name} {}: {worst}", preset.name);
            }
        }
    }
}

#[test]
fn the_patients_left_is_on_the_right_and_the_nose_looks_at_us() {
    let volume = support::synthetic(60);
    let preset = Preset::named("ct-bone").unwrap();
    let function = preset.transfer_function(&volume).unwrap();
    let settings = preset.settings(&volume);
    let lit = |text: &str, point: LpsPoint| {
        let camera = text.parse::<View>().unwrap().camera(volume.grid().bounds(), SIZE);
        let ([x, y], _) = camera.project(point, SIZE).unwrap().unwrap();
        draw(&volume, &function, &camera, &settings).pixel(x as u32, y as u32).unwrap()[0] > 60
    };
    let (left, right) = (LpsPoint::new(76.0, 0.0, 0.0), LpsPoint::new(-76.0, 0.0, 0.0));
    let nose = LpsPoint::new(0.0, -80.0, -5.0);
    assert!(lit("anterior", left) && !lit("anterior", right));
    assert!(lit("left", nose) && lit("right", nose) && lit("superior", nose));
    // And where these points are in the picture:
    let x = |text: &str, point| {
        let camera = text.parse::<View>().unwrap().camera(volume.grid().bounds(), SIZE);
        camera.project(point, SIZE).unwrap().unwrap().0[0]
    };
    assert!(x("anterior", left) > 60.0 && x("posterior", left) < 60.0);
    assert!(x("left", nose) < 60.0 && x("right", nose) > 60.0);
}

#[test]
fn the_order_of_storage_does_not_matter() {
    let volume = support::synthetic(40);
    let grid = volume.grid();
    let Samples::I16(values) = volume.samples() else { panic!() };
    // The same head with i running to the right, j and k exchanged: a left-handed and then a turned grid.
    let [nx, ny, nz] = grid.dims();
    let last = grid.to_patient(fabrica_geometry::VoxelPoint::new(nx as f64 - 1.0, 0.0, 0.0));
    let axes = [-grid.axis(0), grid.axis(2), grid.axis(1)];
    let turned = Grid::new([nx, nz, ny], last, axes, grid.spacing()).unwrap();
    let moved = (0..turned.len())
        .map(|n| {
            let [i, j, k] = turned.position(n);
            values[grid.index(nx - 1 - i, k, j)]
        })
        .collect();
    let other = Volume::new(turned, Samples::I16(moved), ValueUnit::Hounsfield).unwrap();
    let preset = Preset::named("ct-soft-tissue").unwrap();
    let camera = "azimuth=25,elevation=-15".parse::<View>().unwrap().camera(grid.bounds(), SIZE);
    let function = preset.transfer_function(&volume).unwrap();
    let pictures = [&volume, &other].map(|v| draw(v, &function, &camera, &preset.settings(v)));
    assert!(pictures[0].psnr(&pictures[1]).unwrap() > 55.0);
}

#[test]
fn projections_show_greatest_least_and_mean() {
    let grid = Grid::axis_aligned([20, 10, 16], LpsPoint::new(-38.0, -18.0, -30.0), [4.0; 3]).unwrap();
    // Along the view (j) 0, 10, ..., 90.
    let values = (0..grid.len()).map(|n| (grid.position(n)[1] * 10) as f32).collect();
    let volume = Volume::new(grid, Samples::F32(values), ValueUnit::Arbitrary).unwrap();
    let any = function(&[(0.0, Rgb(0, 0, 0), 0.0), (1.0, Rgb(0, 0, 0), 0.0)]);
    let window = Window { centre: 50.0, width: 100.0 };
    for (mode, wanted) in
        [(RenderMode::Mip(window), 0.9), (RenderMode::MinIp(window), 0.0), (RenderMode::Average(window), 0.45)]
    {
        let image = draw(&volume, &any, &front(), &RenderSettings { mode, step_voxels: 0.25, ..flat() });
        let grey = image.pixel(60, 50).unwrap()[0];
        assert!((f64::from(grey) - wanted * 255.0).abs() < 3.0, "{mode:?}: {grey}");
    }
}

#[test]
fn the_clip_plane_cuts_where_it_lies() {
    let volume = constant(100);
    let solid = function(&[(0.0, Rgb(255, 0, 0), 1.0), (255.0, Rgb(255, 0, 0), 1.0)]);
    let clip = Some(ClipPlane { point: LpsPoint::new(10.0, 0.0, 0.0), keep: LpsVector::new(-3.0, 0.0, 0.0) });
    let image = draw(&volume, &solid, &front(), &RenderSettings { clip, ..flat() });
    // One pixel is a millimetre and 0 mm lies between columns 59 and 60.
    assert_eq!(image.pixel(69, 50).unwrap(), [255, 0, 0, 255]);
    assert_eq!(image.pixel(70, 50).unwrap(), [0, 0, 0, 255]);
}

#[test]
fn the_eye_may_be_inside() {
    let volume = support::synthetic(60);
    let preset = Preset::named("ct-bone").unwrap();
    let camera = Camera {
        eye: LpsPoint::new(0.0, 0.0, 0.0),
        target: LpsPoint::new(0.0, -10.0, 0.0),
        projection: Projection::Perspective { vertical_fov: 1.0 },
        ..front()
    };
    let function = preset.transfer_function(&volume).unwrap();
    let image = draw(&volume, &function, &camera, &preset.settings(&volume));
    assert!(image.pixel(60, 50).unwrap()[0] > 100, "the inner table of the skull");
}

#[test]
fn values_that_are_not_numbers_and_flat_volumes_do_no_harm() {
    let grid = Grid::axis_aligned([9, 7, 1], LpsPoint::new(-16.0, 0.0, 0.0), [4.0; 3]).unwrap();
    let mut values = vec![100f32; grid.len()];
    values[11] = f32::NAN;
    values[12] = f32::INFINITY;
    values[13] = f32::NEG_INFINITY;
    let volume = Volume::new(grid, Samples::F32(values), ValueUnit::Arbitrary).unwrap();
    for preset in Preset::all().unwrap() {
        let camera = View::default().camera(volume.grid().bounds(), SIZE);
        let function = preset.transfer_function(&volume).unwrap();
        draw(&volume, &function, &camera, &preset.settings(&volume));
    }
}

#[test]
fn bad_requests_are_refused_and_cancelling_stops() {
    let volume = constant(1);
    let any = function(&[(0.0, Rgb(0, 0, 0), 0.0), (1.0, Rgb(0, 0, 0), 0.5)]);
    let request = |camera: Camera, settings: RenderSettings, size| {
        render_volume(&volume, &any, &camera, size, &settings, &Progress::new()).unwrap_err()
    };
    let above = Camera { up: LpsVector::new(0.0, 1.0, 0.0), ..front() };
    assert_eq!(request(above, flat(), SIZE), RenderError::Camera);
    assert_eq!(request(front(), flat(), [0, 10]), RenderError::Size(0, 10));
    let endless = RenderSettings { step_voxels: 0.0, ..flat() };
    assert!(request(front(), endless, SIZE).to_string().contains("the step in voxels is 0"));
    let progress = Progress::new();
    progress.cancel();
    let stopped = render_volume(&volume, &any, &front(), SIZE, &flat(), &progress);
    assert!(matches!(stopped, Err(RenderError::Cancelled(_))));
}
