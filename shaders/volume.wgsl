// Ray casting of a scene's volume: the twin of crates/raycast/src/cast, which says why. The same samples at the same
// places, the same tables, the same arithmetic; a test holds the two pictures together (PSNR >= 40 dB).
//
// The box of the volume is drawn by its back faces, so that the eye may be inside. Positions along a ray are in
// millimetres from the eye, in axes of the box's own space (world axes, patient at the origin).

#import bevy_pbr::{
    forward_io::{Vertex, VertexOutput},
    mesh_functions,
    mesh_view_bindings::view,
    view_transformations,
}
#ifdef DEPTH_PREPASS
#import bevy_pbr::prepass_utils
#endif
#import fabrica::scene::{
    volume, blocks, ranges, looks, Taken, take, visible_at, value_at, block_of, cut_at, border_of, gradient_at, light_at,
    segment_between, peel_of, fuse, lut_row, BLOCK_CELLS, FAR_AWAY, SEVERAL, COMPOSITE, MIP, MINIP, AVERAGE, SURFACE,
}

const OPAQUE: f32 = 0.001;
const FAINT: f32 = 0.0005;
const CUT_SAMPLES: f32 = 4.0;
const HALVINGS: u32 = 10u;
// A pixel whose opacity is at least this has a depth: where half of it has come together, and this much deeper (metres), so
// that a translucent surface that lies on it is not hidden by it.
const SOLID: f32 = 0.95;
const BENEATH: f32 = 0.002;
// So much farther apart than a voxel may rays be.
const SPARE: f32 = 0.25;

// The box's corners. Their depth is of no use (the shader ends rays itself), so that it is put where neither the near
// nor the far plane cuts a face away.
@vertex
fn vertex(in: Vertex) -> VertexOutput {
    var out: VertexOutput;
    let world_from_local = mesh_functions::get_world_from_local(in.instance_index);
    out.world_position = mesh_functions::mesh_position_local_to_world(world_from_local, vec4(in.position, 1.0));
    out.position = view_transformations::position_world_to_clip(out.world_position.xyz);
    out.position.z = out.position.w * 0.5;
#ifdef VERTEX_OUTPUT_INSTANCE_INDEX
    out.instance_index = in.instance_index;
#endif
    return out;
}

// The part of a ray to march along, in voxels.
struct Path {
    start: vec3<f32>,
    step: vec3<f32>,
    last: u32,
    // Where it ends, in samples: at or a fraction behind the last.
    end: f32,
    // Where it starts, mm from the eye.
    near: f32,
    // From the patient to the eye along i, j, k, unit length.
    to_eye: vec3<f32>,
    // From millimetres along the ray to metres along the view.
    depth_per_mm: f32,
    is_empty: bool,
    from_eye: bool,
    // Whether an opaque mesh ends it.
    meets_mesh: bool,
}

// Where the ray of this pixel has met half of what it sees, metres along the view; at first nowhere.
var<private> met: f32 = FAR_AWAY;

fn meets(path: Path, n: f32) {
    met = min(met, (path.near + n * volume.step) * path.depth_per_mm);
}

struct Pixel {
    @location(0) colour: vec4<f32>,
#ifdef DEPTH_PREPASS
    // For what is drawn later, and for the compositor of a headset, which moves the picture by it.
    @builtin(frag_depth) depth: f32,
#endif
}

@fragment
fn fragment(in: VertexOutput) -> Pixel {
    var out: Pixel;
    out.colour = seen(in);
#ifdef DEPTH_PREPASS
    // What the opaque things have, where the volume is nearly clear.
    out.depth = prepass_utils::prepass_depth(in.position, 0u);
    if out.colour.a >= SOLID && met < FAR_AWAY {
        out.depth = max(out.depth, view_transformations::view_z_to_depth_ndc(-(met + BENEATH)));
    }
#endif
    return out;
}

fn seen(in: VertexOutput) -> vec4<f32> {
    let forward = -view.world_from_view[2].xyz;
    let is_parallel = view.clip_from_view[3].w == 1.0;
    var reach = FAR_AWAY;
#ifdef DEPTH_PREPASS
    // Opaque things end the ray.
    let depth_ndc = prepass_utils::prepass_depth(in.position, 0u);
    if depth_ndc > 0.0 {
        reach = -view_transformations::depth_ndc_to_view_z(depth_ndc);
    }
#endif
    let across = dpdx(in.world_position.xyz);
    let down = dpdy(in.world_position.xyz);
    let path = path_through(in.world_position.xyz, forward, is_parallel, reach, in.instance_index);
    // Height of a pixel where the ray enters, mm: as many rays as keep them about a voxel apart.
    let pixel = 2.0 / (view.clip_from_view[1][1] * view.viewport.w) * select(path.near, 1000.0, is_parallel);
    let finest = 1.0 / max(volume.per_mm.x, max(volume.per_mm.y, volume.per_mm.z));
    let side = u32(clamp(ceil(pixel / finest - SPARE), 1.0, volume.most_rays));
    if path.is_empty || side == 1u {
        return trace(path);
    }
    var sum = vec4(0.0);
    for (var n = 0u; n < side * side; n++) {
        let offset = (vec2(f32(n % side), f32(n / side)) + 0.5) / f32(side) - 0.5;
        let through = in.world_position.xyz + across * offset.x + down * offset.y;
        sum += trace(path_through(through, forward, is_parallel, reach, in.instance_index));
    }
    return sum / f32(side * side);
}

// The path of the ray through a point of the world, up to a depth in metres along the view.
fn path_through(at: vec3<f32>, forward: vec3<f32>, is_parallel: bool, reach: f32, instance: u32) -> Path {
    var eye = view.world_position;
    var to_fragment = at - eye;
    if is_parallel {
        // Every ray starts on the plane through the eye.
        eye = at - forward * dot(to_fragment, forward);
        to_fragment = forward;
    }
    let ray = normalize(to_fragment);
    let box_from_world = mesh_functions::get_local_from_world(instance);
    let origin = (box_from_world * vec4(eye, 1.0)).xyz * 1000.0;
    let along = (box_from_world * vec4(ray, 0.0)).xyz;
    let slab_normal = normalize((box_from_world * vec4(forward, 0.0)).xyz);
    let slope = max(dot(ray, forward), 1e-6);
    let mm_per_metre = length(along) * 1000.0;
    var path = find_path(origin, normalize(along), slab_normal, reach / slope * mm_per_metre);
    path.depth_per_mm = slope / mm_per_metre;
    return path;
}

fn trace(path: Path) -> vec4<f32> {
    if path.is_empty {
        return vec4(0.0);
    }
    switch volume.mode {
        case MIP: { return grey(greatest(path), path); }
        case MINIP: { return grey(least(path), path); }
        case AVERAGE: { return grey(mean(path), path); }
        case SURFACE: { return surface(path); }
        default: { return composite(path); }
    }
}

fn find_path(origin_mm: vec3<f32>, direction_mm: vec3<f32>, slab_normal: vec3<f32>, reach: f32) -> Path {
    let origin = (volume.voxel_from_mm * vec4(origin_mm, 1.0)).xyz;
    let direction = (volume.voxel_from_mm * vec4(direction_mm, 0.0)).xyz;
    let high = volume.dims - 0.5;
    var range = vec2(0.0, FAR_AWAY);
    var misses = false;
    for (var a = 0; a < 3; a++) {
        if abs(direction[a]) > 1e-12 {
            let t0 = (-0.5 - origin[a]) / direction[a];
            let t1 = (high[a] - origin[a]) / direction[a];
            range = vec2(max(range.x, min(t0, t1)), min(range.y, max(t0, t1)));
        } else if origin[a] < -0.5 || origin[a] > high[a] {
            misses = true;
        }
    }
    if any(volume.clip.xyz != vec3(0.0)) {
        range = above(range, dot(volume.clip.xyz, origin_mm) + volume.clip.w, dot(volume.clip.xyz, direction_mm));
    }
    if volume.slab.w > 0.0 {
        let height = dot(slab_normal, origin_mm - volume.slab.xyz);
        let climb = dot(slab_normal, direction_mm);
        range = above(range, height + volume.slab.w * 0.5, climb);
        range = above(range, volume.slab.w * 0.5 - height, -climb);
    }
    let far = min(range.y, reach);
    var path: Path;
    path.is_empty = misses || range.x >= far;
    path.near = range.x;
    path.from_eye = range.x == 0.0;
    path.meets_mesh = reach < range.y;
    path.start = origin + direction * range.x;
    path.step = direction * volume.step;
    path.end = max(far - range.x, 0.0) / volume.step;
    path.last = u32(path.end);
    path.to_eye = normalize(-direction / volume.per_mm);
    return path;
}

// The part of a range of distances where a ray is above a plane: how high it starts and how it climbs.
fn above(range: vec2<f32>, height: f32, climb: f32) -> vec2<f32> {
    if abs(climb) < 1e-9 {
        return select(range, vec2(FAR_AWAY, 0.0), height < 0.0);
    }
    let crossing = -height / climb;
    return select(vec2(range.x, min(range.y, crossing)), vec2(max(range.x, crossing), range.y), climb > 0.0);
}

fn composite(path: Path) -> vec4<f32> {
    var light = vec3(0.0);
    var clear = 1.0;
    var peeled = 0.0;
    // What is at the sample before, and whether it is known.
    var before: Taken;
    var known = false;
    // The sample from which shading sets in, and the clips that cut there.
    var opened = 0u;
    var opened_cut = 0u;
    if volume.clip_count > 0u {
        opened_cut = cut_at(path.start);
    }
    var n = 0u;
    while n <= path.last && clear >= OPAQUE {
        var here = path.start + path.step * f32(n);
        let block = block_of(here);
        let found = textureLoad(blocks, block, 0);
        let distance = found.r * volume.skip_empty;
        if distance > 0u && !known {
            n += leap(path, here, vec3<f32>(block), f32(distance));
            continue;
        }
        // In a block that shows something, all its samples; beyond, one, so that the last segment is whole.
        var end = n + 1u;
        if distance == 0u {
            end = min(n + leap(path, here, vec3<f32>(block), 1.0), path.last + 1u);
        }
        while n < end && clear >= OPAQUE {
            here = path.start + path.step * f32(n);
            let now = take(here, found.g);
            if !known {
                before = now;
                if n > 0u {
                    let there = path.start + path.step * (f32(n) - 1.0);
                    before = take(there, textureLoad(blocks, block_of(there), 0).g);
                }
            }
            if volume.clip_count > 0u {
                let cut = cut_at(here);
                if cut != opened_cut {
                    opened = n;
                    opened_cut = cut;
                }
            }
            if n > 0u {
                let middle = path.start + path.step * (f32(n) - 0.5);
                var mean = segment_between(before, now);
                if volume.fusion > 0u {
                    mean = fuse(middle, mean);
                }
                if mean.a > 0.0 {
                    var look = vec2(0.0);
                    if volume.has_kinds != 0u {
                        look = vec2(textureLoad(looks, vec2(now.kind, 0u), 0).a, max(peel_of(before), peel_of(now)));
                    }
                    if peeled < look.y {
                        peeled += volume.step;
                    } else {
                        var opacity = 1.0 - exp(-mean.a * volume.step);
                        var factor = 1.0;
                        var highlight = 0.0;
                        if volume.lit != 0u {
                            factor = volume.light.x + volume.light.y;
                            if opacity > FAINT {
                                let depth = f32(n - opened) - 1.0;
                                let shading = shade(middle, path.to_eye, depth, before.is_mixed || now.is_mixed, now.kind);
                                factor = shading.x;
                                highlight = shading.y;
                                opacity *= 1.0 + (shading.z - 1.0) * look.x;
                            }
                        }
                        let weight = clear * opacity;
                        light += mean.rgb * (weight * factor / mean.a) + weight * highlight;
                        clear *= 1.0 - opacity;
                        if clear < 0.5 {
                            meets(path, f32(n));
                        }
                    }
                }
            }
            before = now;
            known = true;
            n += 1u;
        }
        known = distance == 0u;
    }
    return vec4(light, 1.0 - select(clear, 0.0, clear < OPAQUE));
}

// The factor of the colour, the highlight to add, and how much of an outline it is; `depth` is the number of samples
// since the ray was let in.
fn shade(at: vec3<f32>, to_eye: vec3<f32>, depth: f32, is_border: bool, kind: u32) -> vec3<f32> {
    let most = clamp(depth / CUT_SAMPLES, 0.0, 1.0);
    let gradient = gradient_at(at) * volume.per_mm;
    let strength = length(gradient);
    let unshaded = volume.light.x + volume.light.y;
    let by_value = clamp((strength - volume.gradient.x) / max(volume.gradient.y - volume.gradient.x, 1e-6), 0.0, 1.0);
    var facing = 0.0;
    var share = by_value;
    if by_value > 0.0 {
        facing = abs(dot(gradient, to_eye)) / strength;
    }
    if is_border && by_value < 1.0 {
        let slope = border_of(at, kind) * volume.per_mm;
        let steepness = length(slope);
        if steepness > 1e-6 {
            facing = mix(abs(dot(slope, to_eye)) / steepness, facing, by_value);
            share = 1.0;
        }
    }
    share = min(share, most);
    var factor = mix(unshaded, volume.light.x + volume.light.y * facing, share);
    var highlight = 0.0;
    if share > 0.0 {
        highlight = share * volume.light.z * pow(facing, volume.light.w);
    }
    if volume.occlusion > 0.0 {
        let open = 1.0 + (light_at(at) - 1.0) * volume.occlusion;
        factor *= open;
        highlight *= open;
    }
    return vec3(factor, highlight, share * (1.0 - facing) * (1.0 - facing));
}

// How many samples to go on so as to leave the cube of blocks nearer than `reach`, at least 1.
fn leap(path: Path, here: vec3<f32>, block: vec3<f32>, reach: f32) -> u32 {
    let side = select(block + 1.0 - reach, block + reach, path.step > vec3(0.0));
    let run = (side * BLOCK_CELLS - here) / path.step;
    // Along an axis that the ray does not move on, nothing is left.
    let useful = select(run, vec3(FAR_AWAY), abs(path.step) < vec3(1e-12));
    let shortest = min(useful.x, min(useful.y, useful.z));
    return min(u32(clamp(shortest, 0.0, f32(path.last))) + 1u, path.last + 1u);
}

// Shades the first surface along a path.
fn surface(path: Path) -> vec4<f32> {
    // Whether the sample before was inside: 0 outside, 1 inside, 2 not known (the eye may be inside).
    var within = select(0u, 2u, path.from_eye);
    var n = 0u;
    while n <= path.last {
        let here = path.start + path.step * f32(n);
        let block = block_of(here);
        let found = textureLoad(blocks, block, 0);
        let distance = found.r * volume.skip_empty;
        if distance > 0u && within != 1u {
            within = 0u;
            n += leap(path, here, vec3<f32>(block), f32(distance));
            continue;
        }
        let now = is_inside(here, found.g);
        if n == 0u && now && within == 0u {
            return shaded_surface(path, 0.0, 0.0);
        }
        if n > 0u && within != 2u && (within == 1u) != now {
            return halved(path, f32(n) - 1.0, f32(n), now);
        }
        within = u32(now);
        n += 1u;
    }
    // The rest behind the last sample, up to a mesh or the end.
    let last = f32(path.last);
    if path.end > last && within != 2u {
        let at = path.start + path.step * path.end;
        let now = is_inside(at, textureLoad(blocks, block_of(at), 0).g);
        if (within == 1u) != now {
            return halved(path, last, path.end, now);
        }
    }
    return vec4(0.0);
}

// The surface between two places, where inside turns to `now`.
fn halved(path: Path, first: f32, second: f32, now: bool) -> vec4<f32> {
    var outer = first;
    var inner = second;
    var depth = CUT_SAMPLES;
    if volume.clip_count > 0u && cut_at(path.start + path.step * outer) != cut_at(path.start + path.step * inner) {
        depth = 0.0;
    }
    for (var h = 0u; h < HALVINGS; h++) {
        let middle = (outer + inner) * 0.5;
        let at = path.start + path.step * middle;
        if is_inside(at, textureLoad(blocks, block_of(at), 0).g) == now {
            inner = middle;
        } else {
            outer = middle;
        }
    }
    return shaded_surface(path, (outer + inner) * 0.5, depth);
}

fn is_inside(at: vec3<f32>, combination: u32) -> bool {
    let visible = visible_at(at, combination);
    return visible.is_visible && visible.value >= volume.isovalue;
}

fn shaded_surface(path: Path, n: f32, depth: f32) -> vec4<f32> {
    meets(path, n);
    let at = path.start + path.step * n;
    let taken = take(at, textureLoad(blocks, block_of(at), 0).g);
    let colour = textureLoad(looks, vec2(taken.kind, 0u), 0).rgb;
    var shading = vec3(1.0, 0.0, 0.0);
    if volume.lit != 0u {
        shading = shade(at, path.to_eye, depth, taken.is_mixed, taken.kind);
    }
    return vec4(colour * shading.x + shading.y, 1.0);
}

// A projection's value, and whether anything was visible.
struct Projected {
    value: f32,
    is_any: bool,
}

fn greatest(path: Path) -> Projected {
    var best = Projected(-FAR_AWAY, false);
    var n = 0u;
    while n <= path.last {
        let here = path.start + path.step * f32(n);
        let block = block_of(here);
        let found = textureLoad(blocks, block, 0);
        let distance = found.r * volume.skip_empty;
        if distance > 0u {
            n += leap(path, here, vec3<f32>(block), f32(distance));
            continue;
        }
        if volume.skip_empty != 0u && best.is_any && textureLoad(ranges, block, 0).g <= best.value {
            n += leap(path, here, vec3<f32>(block), 1.0);
            continue;
        }
        let seen = visible_at(here, found.g);
        if seen.is_visible {
            best = Projected(max(best.value, seen.value), true);
        }
        n += 1u;
    }
    return best;
}

fn least(path: Path) -> Projected {
    var best = Projected(FAR_AWAY, false);
    var n = 0u;
    while n <= path.last {
        let here = path.start + path.step * f32(n);
        let block = block_of(here);
        let found = textureLoad(blocks, block, 0);
        let distance = found.r * volume.skip_empty;
        if distance > 0u {
            n += leap(path, here, vec3<f32>(block), f32(distance));
            continue;
        }
        if volume.skip_empty != 0u && best.is_any && textureLoad(ranges, block, 0).r >= best.value {
            n += leap(path, here, vec3<f32>(block), 1.0);
            continue;
        }
        let seen = visible_at(here, found.g);
        if seen.is_visible {
            best = Projected(min(best.value, seen.value), true);
        }
        n += 1u;
    }
    return best;
}

fn mean(path: Path) -> Projected {
    var sum = 0.0;
    var count = 0.0;
    for (var n = 0u; n <= path.last; n++) {
        let here = path.start + path.step * f32(n);
        let seen = visible_at(here, textureLoad(blocks, block_of(here), 0).g);
        if seen.is_visible {
            sum += seen.value;
            count += 1.0;
        }
    }
    return Projected(sum / max(count, 1.0), count > 0.0);
}

// Window grey is display grey; the target takes light. Before a mesh, dark lets the mesh be seen.
fn grey(projected: Projected, path: Path) -> vec4<f32> {
    if !projected.is_any {
        return vec4(0.0);
    }
    let shown = clamp((projected.value - volume.window.x) / (volume.window.y - volume.window.x), 0.0, 1.0);
    let low = shown / 12.92;
    let high = pow((shown + 0.055) / 1.055, 2.4);
    let light = select(high, low, shown <= 0.04045);
    return vec4(vec3(light), select(1.0, light, path.meets_mesh));
}
