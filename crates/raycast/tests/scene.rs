//! Scenes: structures, clips, surfaces, fused volumes, meshes and light, against what can be computed by hand.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

mod support;

use fabrica_geometry::{Grid, LpsPoint, LpsVector, Mm};
use fabrica_progress::Progress;
use fabrica_raycast::{
    Camera, Clip, ClipBox, ClipPlane, ClipSet, ClipShape, ControlPoint, Derived, Fused, Fusion, Image, Keep, LabelMap,
    Lighting, LookTables, Projection, RenderMode, RenderSettings, Scene, Shown, Slab, StructureLook, Structures,
    SurfaceMesh, TransferFunction, VoxelBox, Window, linear_to_srgb, render_scene, render_scene_with, samples_per_ray,
};
use fabrica_volume::{Mask, Rgb, Samples, ValueUnit, Volume};

const SIZE: [u32; 2] = [80, 60];
const WHITE: Rgb = Rgb(255, 255, 255);

fn function(points: &[(f64, Rgb, f64)]) -> TransferFunction {
    let points = points.iter().map(|&(value, colour, opacity)| ControlPoint { value, colour, opacity }).collect();
    TransferFunction::new(points, Mm(1.0)).unwrap()
}

/// The same whatever the value.
fn even(colour: Rgb, opacity: f64) -> TransferFunction {
    function(&[(0.0, colour, opacity), (1000.0, colour, opacity)])
}

/// From the front, one pixel a millimetre; column 40 and row 30 begin at 0.
fn front() -> Camera {
    Camera {
        eye: LpsPoint::new(0.0, -500.0, 0.0),
        target: LpsPoint::default(),
        up: LpsVector::new(0.0, 0.0, 1.0),
        projection: Projection::Orthographic { height: Mm(60.0) },
    }
}

/// 40 mm along each side about the origin, voxels of 1 mm.
fn grid() -> Grid {
    Grid::axis_aligned([40; 3], LpsPoint::new(-19.5, -19.5, -19.5), [1.0; 3]).unwrap()
}

fn volume(value: impl Fn(LpsPoint) -> f64) -> Volume {
    let grid = grid();
    let values = (0..grid.len()).map(|n| value(point(&grid, n)).round() as i16).collect();
    Volume::new(grid, Samples::I16(values), ValueUnit::Hounsfield).unwrap()
}

fn point(grid: &Grid, n: usize) -> LpsPoint {
    let [i, j, k] = grid.position(n).map(|p| p as f64);
    grid.to_patient(fabrica_geometry::VoxelPoint::new(i, j, k))
}

fn mask(inside: impl Fn(LpsPoint) -> bool + Sync) -> Mask {
    let grid = grid();
    Mask::from_fn(grid.clone(), |n| inside(point(&grid, n)))
}

fn flat() -> RenderSettings {
    RenderSettings { lighting: None, ..RenderSettings::default() }
}

fn draw(scene: &Scene<'_>) -> Image {
    render_scene(scene, &front(), SIZE, &Progress::new()).unwrap()
}

#[test]
fn each_structure_has_its_own_look_and_hidden_ones_are_gone() {
    let volume = volume(|_| 100.0);
    let (left, right) = (mask(|p| p.0.x > 5.0), mask(|p| p.0.x < -5.0));
    let labels = LabelMap::new(volume.grid(), &[&left, &right]).unwrap();
    let rest = even(Rgb(0, 0, 255), 0.9);
    let red = StructureLook { shown: Shown::Through(even(Rgb(255, 0, 0), 0.9)), ..StructureLook::default() };
    let seen = |looks: [StructureLook; 2]| {
        let structures = Some(Structures { labels: &labels, looks: &looks });
        let image = draw(&Scene { settings: flat(), structures, ..Scene::new(&volume, &rest) });
        // The patient's left is on the right of the picture.
        [25, 40, 55].map(|x| image.pixel(x, 30).unwrap()[..3].to_vec())
    };
    let as_scan = StructureLook::default();
    let blue = StructureLook { colour: Some(Rgb(0, 255, 0)), ..as_scan.clone() };
    assert_eq!(seen([red, as_scan]), [[0, 0, 255], [0, 0, 255], [255, 0, 0]]);
    assert_eq!(seen([StructureLook::hidden(), blue]), [[0, 255, 0], [0, 0, 255], [0, 0, 0]]);
}

#[test]
fn no_label_bleeds_over_its_border() {
    // Bone of 1000 beside a vessel of 300: by plain interpolation a shell of values between would look like contrast
    // medium at 500. Neither structure has such a value, so nothing of that colour may be seen.
    let volume = volume(|p| if p.0.x > 0.0 { 1000.0 } else { 300.0 });
    let (bone, vessel) = (mask(|p| p.0.x > 0.0), mask(|p| p.0.x < 0.0));
    let labels = LabelMap::new(volume.grid(), &[&bone, &vessel]).unwrap();
    let green = Rgb(0, 255, 0);
    let shell = function(&[(400.0, green, 0.0), (450.0, green, 1.0), (700.0, green, 1.0), (750.0, green, 0.0)]);
    let looks = [0, 1].map(|_| StructureLook { shown: Shown::Through(shell.clone()), ..StructureLook::default() });
    let structures = Some(Structures { labels: &labels, looks: &looks });
    // Half a voxel aside, so that rays run between the voxels.
    let aside = LpsVector::new(0.5, 0.0, 0.0);
    let camera = Camera { eye: front().eye + aside, target: front().target + aside, ..front() };
    let draw = |scene: &Scene<'_>| render_scene(scene, &camera, SIZE, &Progress::new()).unwrap();
    let image = draw(&Scene { settings: flat(), structures, ..Scene::new(&volume, &shell) });
    assert!(image.rgba.chunks(4).all(|p| p[1] == 0), "the border shows a value that no voxel has");
    // Without labels the same shell is there: this is what would have bled.
    let image = draw(&Scene { settings: flat(), ..Scene::new(&volume, &shell) });
    assert!(image.pixel(39, 30).unwrap()[1] > 100);
}

#[test]
fn clips_cut_the_skull_and_not_the_brain() {
    let volume = volume(|_| 100.0);
    let brain = mask(|p| p.0.length() < 10.0);
    let labels = LabelMap::new(volume.grid(), &[&brain]).unwrap();
    let rest = even(Rgb(0, 0, 255), 1.0);
    let red = Shown::Through(even(Rgb(255, 0, 0), 1.0));
    let looks = [StructureLook { shown: red, clips: ClipSet::NONE, ..StructureLook::default() }];
    let axes = [LpsVector::new(1.0, 0.0, 0.0), LpsVector::new(0.0, 1.0, 0.0), LpsVector::new(0.0, 0.0, 1.0)];
    let hole =
        ClipBox { centre: LpsPoint::default(), axes, half: [Mm(15.0), Mm(100.0), Mm(15.0)], keep: Keep::Outside };
    let clips = [Clip { shape: ClipShape::Box(hole), enabled: true }];
    let structures = Some(Structures { labels: &labels, looks: &looks });
    let scene = Scene { settings: flat(), structures, clips: &clips, ..Scene::new(&volume, &rest) };
    let image = draw(&scene);
    let at = |x| image.pixel(x, 30).unwrap()[..3].to_vec();
    // In the middle the brain, round it the hole to -15 mm, then the skull.
    assert_eq!([at(40), at(27), at(23)], [[255, 0, 0], [0, 0, 0], [0, 0, 255]]);
    // The hole is leapt over, whatever is cut is not even looked at.
    let derived = Derived::of(&scene);
    let (cut, whole) = (LookTables::of(&scene, &derived), LookTables::of(&Scene { clips: &[], ..scene }, &derived));
    assert!(cut.occupancy.empty_share() > whole.occupancy.empty_share());
}

#[test]
fn hiding_a_structure_and_editing_a_mask_reach_the_skipping_structure() {
    let volume = volume(|_| 100.0);
    let mut block = mask(|p| p.0.max_element() < 0.0);
    let labels = |mask: &Mask| LabelMap::new(volume.grid(), &[mask]).unwrap();
    let rest = even(WHITE, 0.5);
    let looks = [StructureLook::hidden()];
    let share = |labels: &LabelMap, derived: &Derived| {
        let scene = Scene { structures: Some(Structures { labels, looks: &looks }), ..Scene::new(&volume, &rest) };
        LookTables::of(&scene, derived).occupancy
    };
    let mut map = labels(&block);
    let scene = Scene { structures: Some(Structures { labels: &map, looks: &looks }), ..Scene::new(&volume, &rest) };
    let mut derived = Derived::of(&scene);
    let before = share(&map, &derived);
    assert!(before.empty_share() > 0.0);
    // Rub out a corner: followed in part, it is as if made anew.
    let edit = VoxelBox { first: [3, 4, 5], end: [12, 13, 14] };
    for k in edit.first[2]..edit.end[2] {
        for j in edit.first[1]..edit.end[1] {
            for i in edit.first[0]..edit.end[0] {
                block.set([i, j, k], false);
            }
        }
    }
    map.update(&[&block], edit).unwrap();
    derived.follow_labels(&map, edit);
    let fresh = labels(&block);
    assert_eq!(map.combinations(), fresh.combinations());
    let scene = Scene { structures: Some(Structures { labels: &fresh, looks: &looks }), ..Scene::new(&volume, &rest) };
    assert_eq!(derived.labels, Derived::of(&scene).labels);
    let after = share(&map, &derived);
    assert!(after.empty_share() < before.empty_share());
}

#[test]
fn the_surface_lies_where_the_analytic_ball_does() {
    // A ball of radius 15 mm whose value falls by 100 per mm through the surface: its distance is known.
    let volume = volume(|p| (15.0 - p.0.length()) * 100.0);
    let surface = RenderMode::Surface { value: 0.0, colour: WHITE };
    let any = even(WHITE, 0.0);
    let lighting = Lighting { ambient: 0.0, diffuse: 1.0, specular: 0.0, ..Lighting::default() };
    for step_voxels in [0.3, 0.5, 1.0] {
        let settings =
            RenderSettings { mode: surface, lighting: Some(lighting), step_voxels, ..RenderSettings::default() };
        let image = draw(&Scene { settings, ..Scene::new(&volume, &any) });
        // Its brightness is the cosine at each pixel, its outline the circle.
        for (x, facing) in [(40, 1.0), (47, (1.0f64 - (7.5 / 15.0) * (7.5 / 15.0)).sqrt())] {
            let wanted = linear_to_srgb(facing as f32);
            let seen = image.pixel(x, 29).unwrap()[0];
            assert!(seen.abs_diff(wanted) <= 2, "{x}: {seen} {wanted}");
        }
        assert!(image.pixel(54, 29).unwrap()[0] > 0 && image.pixel(56, 29).unwrap()[0] == 0);
    }
    // Through its depth: a mesh just before or behind the surface hides it or is hidden.
    for (offset, hides) in [(-0.05, true), (0.05, false)] {
        let y = -15.0 + offset;
        let corners = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(x, z)| LpsPoint::new(x, y, z));
        let square = SurfaceMesh {
            vertices: &corners,
            triangles: &[[0, 1, 2], [0, 2, 3]],
            colour: Rgb(255, 0, 0),
            opacity: 1.0,
        };
        let settings = RenderSettings { mode: surface, ..flat() };
        let image = draw(&Scene { settings, meshes: &[square], ..Scene::new(&volume, &any) });
        // Red but for the highlight, or white.
        let [r, g, ..] = image.pixel(40, 30).unwrap();
        assert_eq!(g < r, hides, "at {offset} mm");
    }
}

#[test]
fn translucent_meshes_and_the_volume_hide_each_other_in_order() {
    // 40 mm of fog, a half-transparent red sheet in its middle.
    let volume = volume(|_| 100.0);
    let fog = even(Rgb(0, 0, 255), 0.05);
    let corners = [(-30.0, -30.0), (30.0, -30.0), (30.0, 30.0), (-30.0, 30.0)].map(|(x, z)| LpsPoint::new(x, 0.0, z));
    let sheet =
        SurfaceMesh { vertices: &corners, triangles: &[[0, 1, 2], [0, 2, 3]], colour: Rgb(255, 0, 0), opacity: 0.5 };
    let image = draw(&Scene { settings: flat(), meshes: &[sheet], ..Scene::new(&volume, &fog) });
    let half = 0.95f32.powi(20);
    // The sheet's highlight is white: 0.2 of the lamp.
    let blue = (1.0 - half) + half * 0.5 * (1.0 - half + 0.2);
    let [_, _, b, _] = image.pixel(40, 30).unwrap();
    assert!(b.abs_diff(linear_to_srgb(blue)) <= 1, "{b} {}", linear_to_srgb(blue));
    // Seen beside the volume the sheet is by itself.
    assert!(image.pixel(15, 30).unwrap()[0] > 150 && image.pixel(15, 30).unwrap()[2] < 100);
}

#[test]
fn a_fused_volume_adds_its_fog_or_paints() {
    let volume = volume(|_| 100.0);
    // A coarse map on another grid, over the patient's left half only.
    let coarse = Grid::axis_aligned([5, 10, 10], LpsPoint::new(2.0, -18.0, -18.0), [4.0; 3]).unwrap();
    let map = Volume::new(coarse, Samples::F32(vec![7.0; 500]), ValueUnit::Other("Gy".into())).unwrap();
    let nothing = even(WHITE, 0.0);
    let green = function(&[(0.0, Rgb(0, 255, 0), 0.0), (5.0, Rgb(0, 255, 0), 0.5), (9.0, Rgb(0, 255, 0), 0.5)]);
    let added = Fused { volume: &map, function: &green, fusion: Fusion::Added };
    let image = draw(&Scene { settings: flat(), fused: Some(added), ..Scene::new(&volume, &nothing) });
    assert_eq!([50, 30].map(|x| image.pixel(x, 30).unwrap()[1]), [255, 0]);
    let grey = even(WHITE, 1.0);
    let painted = Fused { fusion: Fusion::Painted, ..added };
    let image = draw(&Scene { settings: flat(), fused: Some(painted), ..Scene::new(&volume, &grey) });
    let half = linear_to_srgb(0.5);
    assert_eq!(image.pixel(50, 30).unwrap()[..3], [half, 255, half]);
    assert_eq!(image.pixel(30, 30).unwrap()[..3], [255, 255, 255]);
}

#[test]
fn a_slab_leaves_out_what_lies_before_and_behind() {
    // The value grows with depth from 0 to 39; a slab of 10 mm about the middle holds 14.5 to 24.5.
    let volume = volume(|p| p.0.y + 19.5);
    let any = even(WHITE, 0.0);
    let slab = Some(Slab { centre: LpsPoint::default(), thickness: Mm(10.0) });
    let window = Window { centre: 19.5, width: 39.0 };
    for (mode, wanted) in [(RenderMode::Mip(window), 24.5), (RenderMode::MinIp(window), 14.5)] {
        let settings = RenderSettings { mode, slab, step_voxels: 0.1, ..flat() };
        let image = draw(&Scene { settings, ..Scene::new(&volume, &any) });
        let seen = f64::from(image.pixel(40, 30).unwrap()[0]) / 255.0 * 39.0;
        assert!((seen - wanted).abs() < 0.3, "{seen} {wanted}");
    }
}

#[test]
fn peeling_passes_as_many_millimetres_as_it_says() {
    // Red skin 5 mm thick over blue.
    let volume = volume(|_| 100.0);
    let skin = mask(|p| p.0.y < -15.0);
    let labels = LabelMap::new(volume.grid(), &[&skin]).unwrap();
    let rest = even(Rgb(0, 0, 255), 1.0);
    let seen = |peel: f64| {
        let shown = Shown::Through(even(Rgb(255, 0, 0), 0.999));
        let looks = [StructureLook { shown, peel: Mm(peel), ..StructureLook::default() }];
        let structures = Some(Structures { labels: &labels, looks: &looks });
        draw(&Scene { settings: flat(), structures, ..Scene::new(&volume, &rest) }).pixel(40, 30).unwrap()
    };
    assert!(seen(3.0)[0] > 200, "{:?}", seen(3.0));
    assert_eq!(seen(6.0)[..3], [0, 0, 255]);
}

#[test]
fn what_lies_in_a_pit_gets_less_light() {
    // A block with a deep narrow pit.
    let volume = volume(|p| {
        let pit = p.0.x.abs() < 4.0 && p.0.z.abs() < 4.0 && p.0.y < 10.0;
        if p.0.y > -15.0 && !pit { 1000.0 } else { 0.0 }
    });
    let solid = function(&[(400.0, WHITE, 0.0), (600.0, WHITE, 1.0)]);
    let lighting = Lighting { ambient: 1.0, diffuse: 0.0, specular: 0.0, occlusion: 1.0, ..Lighting::default() };
    let settings = RenderSettings { lighting: Some(lighting), ..RenderSettings::default() };
    let image = draw(&Scene { settings, ..Scene::new(&volume, &solid) });
    let [pit, top] = [40, 25].map(|x| image.pixel(x, 30).unwrap()[0]);
    assert!(top > 190 && pit < 140, "top {top}, pit {pit}");
}

#[test]
fn tables_at_hand_give_the_same_picture() {
    let volume = support::synthetic(40);
    let preset = fabrica_raycast::Preset::named("ct-bone").unwrap();
    let function = preset.transfer_function(&volume).unwrap();
    let scene = Scene { settings: preset.settings(&volume), ..Scene::new(&volume, &function) };
    let plane = ClipPlane { point: volume.grid().centre(), keep: LpsVector::new(1.0, 0.0, 0.0) };
    let clips = [Clip { shape: ClipShape::Plane(plane), enabled: false }];
    let derived = Derived::of(&scene);
    let plain = draw(&scene);
    // A clip that is off changes nothing.
    let scene = Scene { clips: &clips, ..scene };
    let tables = LookTables::of(&scene, &derived);
    let again = render_scene_with(&scene, &derived, &tables, &front(), SIZE, &Progress::new()).unwrap();
    assert_eq!(plain, again);
}

#[test]
fn a_vessel_one_voxel_wide_is_seen_from_any_distance() {
    // A straight line of contrast, 300 HU in 40 HU, in voxels of 0.5 mm, seen askew.
    let grid = Grid::axis_aligned([96, 96, 128], LpsPoint::new(-24.0, -24.0, -32.0), [0.5; 3]).unwrap();
    let values = (0..grid.len())
        .map(|n| {
            let [i, j, _] = grid.position(n);
            if [i, j] == [40, 52] { 300 } else { 40 }
        })
        .collect();
    let volume = Volume::new(grid, Samples::I16(values), ValueUnit::Hounsfield).unwrap();
    let preset = fabrica_raycast::Preset::named("ct-vessels").unwrap();
    let function = preset.transfer_function(&volume).unwrap();
    for distance in [100.0, 400.0, 1500.0, 4000.0] {
        // Half a voxel is the coarsest step of any tier.
        for step_voxels in [0.25, 0.4, 0.5] {
            let projection = Projection::Perspective { vertical_fov: 0.6 };
            let up = LpsVector::new(0.31, 0.0, 1.0);
            let camera = Camera { eye: LpsPoint::new(7.0, -distance, 3.0), up, projection, ..front() };
            let settings = RenderSettings { step_voxels, lighting: None, ..preset.settings(&volume) };
            let scene = Scene { settings, ..Scene::new(&volume, &function) };
            let image = render_scene(&scene, &camera, [64, 64], &Progress::new()).unwrap();
            // From afar it is a small part of a pixel: at least a quarter of that part of full light must be left of it.
            let share = (0.5 / camera.mm_per_pixel(64).0).min(1.0);
            let least = (share * 255.0 / 4.0).max(1.0);
            for z in -30..30 {
                let on_vessel = LpsPoint::new(-4.0, 2.0, f64::from(z));
                let ([x, y], _) = camera.project(on_vessel, [64, 64]).unwrap().unwrap();
                let brightest = (0..9)
                    .filter_map(|n| image.pixel((x as u32 + n % 3).wrapping_sub(1), (y as u32 + n / 3).wrapping_sub(1)))
                    .map(|pixel| pixel[0])
                    .max();
                let brightest = f64::from(brightest.unwrap_or(0));
                assert!(brightest >= least, "{z} mm, from {distance} mm, step {step_voxels}: {brightest} < {least}");
            }
        }
    }
}

fn with<'a>(plain: Scene<'a>, labels: &'a LabelMap, looks: &'a [StructureLook]) -> Scene<'a> {
    Scene { structures: Some(Structures { labels, looks }), ..plain }
}

#[test]
fn tables_that_follow_an_edit_are_those_made_anew() {
    let volume = volume(|p| if p.0.x > 0.0 { 100.0 } else { -500.0 });
    let grid = volume.grid();
    let rest = even(WHITE, 0.5);
    let looks = [StructureLook::hidden(), StructureLook { colour: Some(Rgb(255, 0, 0)), ..StructureLook::default() }];
    let steps = [
        [mask(|p| p.0.x > 5.0), mask(|_| false)],
        // The structures meet: a combination that was not there.
        [mask(|p| p.0.x > 5.0), mask(|p| p.0.length() < 12.0)],
        [mask(|p| p.0.x > 5.0 && p.0.z > 0.0), mask(|p| p.0.length() < 12.0)],
        [mask(|_| true), mask(|p| p.0.length() < 3.0)],
        [mask(|_| true), mask(|p| p.0.length() < 3.0)],
    ];
    let mut have = [&steps[0][0], &steps[0][1]];
    let mut labels = LabelMap::new(grid, &have).unwrap();
    let plain = Scene { settings: flat(), ..Scene::new(&volume, &rest) };
    let mut derived = Derived::of(&with(plain, &labels, &looks));
    let mut tables = LookTables::of(&with(plain, &labels, &looks), &derived);
    for (n, step) in steps[1..].iter().enumerate() {
        let masks = [&step[0], &step[1]];
        let changed = LabelMap::changes(&have, &masks).unwrap();
        let within = VoxelBox::of_blocks(&changed, grid.dims());
        for &part in &within {
            labels.update(&masks, part).unwrap();
            derived.follow_labels(&labels, part);
        }
        let before = tables.occupancy.clone();
        let followed = tables.follow_labels(&with(plain, &labels, &looks), &derived, &within);
        let fresh = LookTables::of(&with(plain, &labels, &looks), &Derived::of(&with(plain, &labels, &looks)));
        assert_eq!(tables.occupancy, fresh.occupancy, "step {n}");
        assert!(tables.materials == fresh.materials, "step {n}: the materials differ");
        // What has changed is in the box that was told.
        let [nx, ny, _] = tables.occupancy.dims();
        for (index, _) in
            before.distances().iter().zip(fresh.occupancy.distances()).enumerate().filter(|(_, (b, a))| b != a)
        {
            let at = [index % nx, index / nx % ny, index / (nx * ny)];
            let told = followed.blocks.unwrap();
            assert!((0..3).all(|a| told.first[a] <= at[a] && at[a] < told.end[a]), "step {n}: block {at:?}");
        }
        assert_eq!(followed.blocks.is_none(), changed.is_empty(), "step {n}");
        assert_eq!(followed.new_kinds, n == 0, "step {n}");
        have = masks;
    }
    assert!(LabelMap::changes(&have[..1], &have).is_none());
}

#[test]
fn rays_take_fewer_samples_when_a_structure_is_hidden() {
    // A box of fog about a ball: hidden, only the blocks that the ball touches are looked at.
    let volume = volume(|_| 100.0);
    let fog = mask(|p| p.0.length() >= 8.0);
    let labels = LabelMap::new(volume.grid(), &[&fog]).unwrap();
    let rest = even(WHITE, 0.02);
    let samples = |look: StructureLook| {
        let looks = [look];
        let structures = Some(Structures { labels: &labels, looks: &looks });
        let scene = Scene { settings: flat(), structures, ..Scene::new(&volume, &rest) };
        let derived = Derived::of(&scene);
        samples_per_ray(&scene, &derived, &LookTables::of(&scene, &derived), &front(), SIZE).unwrap().taken
    };
    let (shown, hidden) = (samples(StructureLook::default()), samples(StructureLook::hidden()));
    assert!(hidden * 2.0 < shown, "{hidden} samples a ray with the fog hidden, {shown} with it");
}
