// Unbiased volumetric path tracing, sample by sample into a film. The twin of crates/cinematic: the same random numbers
// in the same order, so that the two agree sample by sample but for rounding. See there for the sources.
//
// Lengths are millimetres in the tracer's frame: along the grid's axes from the centre of sample (0, 0, 0).

struct Studio {
    // Corner of the picture, steps of a pixel across and down, all from the eye (or one unit before it, in perspective).
    eye: vec3f, perspective: u32,
    corner: vec3f, width: u32,
    across: vec3f, height: u32,
    down: vec3f, samples: u32,
    right: vec3f, lens_radius: f32,
    up: vec3f, focus: f32,
    forward: vec3f, bounces: u32,
    per_mm: vec3f, value_scale: f32,
    low: vec3f, value_offset: f32,
    high: vec3f, table_low: f32,
    // The half space that is kept: direction and offset; 0 for all.
    kept: vec4f,
    gradient: vec2f, table_scale: f32, table_last: f32,
    scatter_forward: f32, roughness: f32, specular: f32, sky_chance: f32,
    blocks: vec3u, panels: u32,
    sky_size: vec2u, first_row: u32, cells: f32,
    to_sky: mat3x3f,
    to_patient: mat3x3f,
    // The kind of matter that is everywhere, or -1 where structures or clips decide.
    only: i32, combinations: u32, clips: u32, labelled: u32,
}

// A clip: directions with offsets (mm), half the sides, and what it does: 0 nothing, 1 cuts below a plane, 2 outside its box,
// 3 inside.
struct Clip { axes: array<vec4f, 3>, half: vec3f, cut: u32 }

struct SkyTexel { light: vec4f, alias_share: f32, alias_other: u32, padding: vec2u }

struct Panel {
    corner: vec3f, chance: f32,
    across: vec3f, padding0: f32,
    along: vec3f, padding1: f32,
    normal: vec3f, padding2: f32,
    radiance: vec3f, padding3: f32,
}

struct FilmPixel {
    red: f32, green: f32, blue: f32, covered: f32,
    albedo_red: f32, albedo_green: f32, albedo_blue: f32, depth: f32,
    normal_x: f32, normal_y: f32, normal_z: f32, square: f32,
    samples: u32,
}

@group(0) @binding(0) var<uniform> studio: Studio;
@group(0) @binding(1) var volume: texture_3d<f32>;
@group(0) @binding(2) var linear_sampler: sampler;
// Colour and extinction per mm, one kind of matter after the other.
@group(0) @binding(3) var<storage, read> table: array<vec4f>;
// The greatest extinction of each block, or minus the distance in blocks to the nearest that has one.
@group(0) @binding(4) var<storage, read> bounds: array<f32>;
@group(0) @binding(5) var<storage, read> sky: array<SkyTexel>;
@group(0) @binding(6) var<storage, read> panels: array<Panel>;
@group(0) @binding(7) var<storage, read_write> film: array<FilmPixel>;
// The combination of structures of each voxel, and the kind of each combination under each set of clips that cut.
@group(0) @binding(8) var labels: texture_3d<u32>;
@group(0) @binding(9) var<storage, read> kinds: array<u32>;
@group(0) @binding(10) var<storage, read> clips: array<Clip>;

const PI = 3.14159265;
const TAU = 6.28318531;
const FAR = 1e30;
const ROULETTE = 0.2;
const ROULETTE_FROM = 4u;

// Random numbers: crates/cinematic/src/random.rs.

fn hash3(seed: vec3u) -> vec3u {
    var v = seed * 1664525u + 1013904223u;
    v.x += v.y * v.z;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    v ^= v >> vec3u(16u);
    v.x += v.y * v.z;
    v.y += v.z * v.x;
    v.z += v.x * v.y;
    return v;
}

fn unit(bits: u32) -> f32 { return f32(bits >> 8u) * (1.0 / 16777216.0); }

fn rotate_left(x: u32, by: u32) -> u32 { return (x << by) | (x >> (32u - by)); }

var<private> state: vec2u;

fn next_random() -> f32 {
    let s0 = state.x;
    let s1 = state.y ^ s0;
    let result = rotate_left(s0 * 0x9E3779BBu, 5u) * 5u;
    state = vec2u(rotate_left(s0, 26u) ^ s1 ^ (s1 << 9u), rotate_left(s1, 13u));
    return unit(result);
}

fn next_pair() -> vec2f {
    let first = next_random();
    return vec2f(first, next_random());
}

fn scramble(bits: u32, seed: u32) -> u32 {
    var x = reverseBits(bits);
    x ^= x * 0x3d20adeau;
    x += seed;
    x *= (seed >> 16u) | 1u;
    x ^= x * 0x05526c56u;
    x ^= x * 0x53a22864u;
    return reverseBits(x);
}

fn sobol_pair(pixel: vec2u, choice: u32, number: u32) -> vec2f {
    let seeds = hash3(vec3u(pixel.x ^ 0x5bd1e995u, pixel.y, choice));
    var index = scramble(number, seeds.x);
    let first = scramble(reverseBits(index), seeds.y);
    var direction = 0x80000000u;
    var second = 0u;
    while index != 0u {
        if (index & 1u) == 1u { second ^= direction; }
        direction ^= direction >> 1u;
        index >>= 1u;
    }
    return vec2f(unit(first), unit(scramble(second, seeds.z)));
}

// Directions: crates/cinematic/src/directions.rs.

fn basis(normal: vec3f) -> mat3x3f {
    let s = select(-1.0, 1.0, normal.z >= 0.0);
    let a = -1.0 / (s + normal.z);
    let b = normal.x * normal.y * a;
    return mat3x3f(
        vec3f(1.0 + s * normal.x * normal.x * a, s * b, -s * normal.x),
        vec3f(b, s + normal.y * normal.y * a, -normal.y),
        normal,
    );
}

fn disc(pair: vec2f) -> vec2f {
    let angle = TAU * pair.y;
    return sqrt(pair.x) * vec2f(cos(angle), sin(angle));
}

fn cosine_half(pair: vec2f) -> vec3f {
    let p = disc(pair);
    return vec3f(p, sqrt(max(1.0 - dot(p, p), 0.0)));
}

fn henyey_greenstein(cosine: f32, g: f32) -> f32 {
    let d = 1.0 + g * g - 2.0 * g * cosine;
    return (1.0 - g * g) / (4.0 * PI * d * sqrt(max(d, 1e-12)));
}

fn sample_henyey_greenstein(travel: vec3f, g: f32, pair: vec2f) -> vec3f {
    var cosine = 1.0 - 2.0 * pair.x;
    if abs(g) >= 1e-3 {
        let part = (1.0 - g * g) / (1.0 - g + 2.0 * g * pair.x);
        cosine = clamp((1.0 + g * g - part * part) / (2.0 * g), -1.0, 1.0);
    }
    let sine = sqrt(max(1.0 - cosine * cosine, 0.0));
    let angle = TAU * pair.y;
    return basis(travel) * vec3f(sine * cos(angle), sine * sin(angle), cosine);
}

// Surfaces: crates/cinematic/src/surface.rs.

struct Surface { normal: vec3f, colour: vec3f }

fn alpha() -> f32 { return max(studio.roughness * studio.roughness, 0.01); }

fn fresnel(cosine: f32) -> f32 {
    let m = 1.0 - clamp(cosine, 0.0, 1.0);
    let m2 = m * m;
    return studio.specular + (1.0 - studio.specular) * m2 * m2 * m;
}

fn film_share(colour: vec3f, cos_out: f32) -> f32 {
    if studio.specular <= 0.0 { return 0.0; }
    let gloss = fresnel(cos_out);
    let body = max(colour.x, max(colour.y, colour.z)) * (1.0 - gloss);
    return clamp(gloss / max(gloss + body, 1e-6), 0.1, 0.9);
}

fn masking_lambda(a2: f32, cosine: f32) -> f32 { return sqrt(a2 + (1.0 - a2) * cosine * cosine); }

// Reflected share times cosine, and density.
fn evaluate_surface(surface: Surface, out: vec3f, to_light: vec3f) -> vec4f {
    let cos_out = max(dot(surface.normal, out), 1e-4);
    let cos_in = dot(surface.normal, to_light);
    if cos_in <= 0.0 { return vec4f(0.0); }
    let sum = out + to_light;
    let size = length(sum);
    let middle = select(vec3f(0.0), sum / max(size, 1e-20), size > 1e-20);
    let cos_half = max(dot(surface.normal, middle), 0.0);
    let out_half = max(dot(out, middle), 0.0);
    let a2 = alpha() * alpha();
    let below = cos_half * cos_half * (a2 - 1.0) + 1.0;
    let distribution = a2 / (PI * below * below);
    let masking = 0.5 / max(cos_in * masking_lambda(a2, cos_out) + cos_out * masking_lambda(a2, cos_in), 1e-7);
    let body = (1.0 - fresnel(cos_out)) * (1.0 - fresnel(cos_in)) / PI;
    let gloss = fresnel(out_half) * distribution * masking;
    let visible = distribution / (2.0 * (cos_out + masking_lambda(a2, cos_out)));
    let share = film_share(surface.colour, cos_out);
    return vec4f((surface.colour * body + gloss) * cos_in, (1.0 - share) * cos_in / PI + share * visible);
}

fn visible_normal(out: vec3f, pair: vec2f) -> vec3f {
    let a = alpha();
    let stretched = normalize(vec3f(a * out.x, a * out.y, max(out.z, 1e-4)));
    let length2 = stretched.x * stretched.x + stretched.y * stretched.y;
    var first = vec3f(1.0, 0.0, 0.0);
    if length2 > 0.0 { first = vec3f(-stretched.y, stretched.x, 0.0) / sqrt(length2); }
    let second = cross(stretched, first);
    var p = disc(pair);
    let s = 0.5 * (1.0 + stretched.z);
    p.y = (1.0 - s) * sqrt(max(1.0 - p.x * p.x, 0.0)) + s * p.y;
    let normal = first * p.x + second * p.y + stretched * sqrt(max(1.0 - dot(p, p), 0.0));
    return normalize(vec3f(a * normal.x, a * normal.y, max(normal.z, 1e-6)));
}

fn sample_surface(surface: Surface, out: vec3f, choice: f32, pair: vec2f) -> vec3f {
    let frame = basis(surface.normal);
    let cos_out = max(dot(surface.normal, out), 1e-4);
    if choice < film_share(surface.colour, cos_out) {
        let middle = frame * visible_normal(transpose(frame) * out, pair);
        return normalize(2.0 * dot(out, middle) * middle - out);
    }
    return normalize(frame * cosine_half(pair));
}

// Lights: crates/cinematic/src/sky.rs and lights.rs.

struct LightSample { direction: vec3f, distance: f32, radiance: vec3f, density: f32 }

fn sky_direction(at: vec2f) -> vec3f {
    let y = clamp(2.0 * at.y - 1.0, -1.0, 1.0);
    let level = sqrt(1.0 - y * y);
    let angle = (at.x - 0.5) * TAU;
    return vec3f(level * sin(angle), y, -level * cos(angle));
}

// Radiance and density.
fn look_at_sky(direction: vec3f) -> vec4f {
    let d = studio.to_sky * direction;
    let at = vec2f(atan2(d.x, -d.z) / TAU + 0.5, d.y * 0.5 + 0.5) * vec2f(studio.sky_size);
    let texel = min(vec2u(max(at, vec2f(0.0))), studio.sky_size - 1u);
    let light = sky[texel.x + texel.y * studio.sky_size.x].light;
    return vec4f(light.rgb, light.a / (4.0 * PI) * studio.sky_chance);
}

fn panel_density(panel: Panel, direction: vec3f, distance: f32) -> f32 {
    let facing = -dot(direction, panel.normal);
    if facing <= 1e-6 { return 0.0; }
    return panel.chance * distance * distance / (facing * length(panel.across) * length(panel.along));
}

// How far to the panel's bright side, or FAR.
fn meet_panel(panel: Panel, origin: vec3f, direction: vec3f) -> f32 {
    let facing = dot(direction, panel.normal);
    if facing >= -1e-6 { return FAR; }
    let t = dot(panel.corner - origin, panel.normal) / facing;
    let on = origin + direction * t - panel.corner;
    let u = dot(on, panel.across) / dot(panel.across, panel.across);
    let v = dot(on, panel.along) / dot(panel.along, panel.along);
    let inside = u >= 0.0 && u <= 1.0 && v >= 0.0 && v <= 1.0;
    return select(FAR, t, inside && t > 0.0);
}

fn sample_light(origin: vec3f, choice: f32, pair: vec2f) -> LightSample {
    if choice < studio.sky_chance {
        let count = studio.sky_size.x * studio.sky_size.y;
        let scaled = pair.x * f32(count);
        var texel = min(u32(scaled), count - 1u);
        var rest = scaled - f32(texel);
        let alias_share = sky[texel].alias_share;
        if rest < alias_share {
            rest = rest / max(alias_share, 1e-6);
        } else {
            rest = (rest - alias_share) / max(1.0 - alias_share, 1e-6);
            texel = sky[texel].alias_other;
        }
        let column = f32(texel % studio.sky_size.x) + clamp(rest, 0.0, 0.9999);
        let row = f32(texel / studio.sky_size.x) + pair.y;
        let direction = transpose(studio.to_sky) * sky_direction(vec2f(column, row) / vec2f(studio.sky_size));
        let light = sky[texel].light;
        return LightSample(direction, FAR, light.rgb, light.a / (4.0 * PI) * studio.sky_chance);
    }
    var rest = choice - studio.sky_chance;
    for (var n = 0u; n < studio.panels; n++) {
        let panel = panels[n];
        rest -= panel.chance;
        if rest < 0.0 {
            let to = panel.corner + panel.across * pair.x + panel.along * pair.y - origin;
            let distance = length(to);
            let direction = to / distance;
            return LightSample(direction, distance, panel.radiance, panel_density(panel, direction, distance));
        }
    }
    return LightSample(vec3f(0.0, 0.0, 1.0), FAR, vec3f(0.0), 0.0);
}

// The medium: crates/cinematic/src/medium.rs.

fn value_at(voxel: vec3f) -> f32 {
    let at = (voxel + 0.5) / vec3f(textureDimensions(volume));
    return textureSampleLevel(volume, linear_sampler, at, 0.0).r * studio.value_scale + studio.value_offset;
}

// Colour and extinction of a kind of matter.
fn look_up(kind: u32, value: f32) -> vec4f {
    let entry = clamp((value - studio.table_low) * studio.table_scale, 0.0, studio.table_last);
    let at = min(u32(entry), u32(studio.table_last) - 1u);
    let first = kind * (u32(studio.table_last) + 1u) + at;
    return mix(table[first], table[first + 1u], entry - f32(at));
}

fn extinction_at(position: vec3f) -> f32 {
    if studio.only < 0 { return matter_at(position).extinction; }
    let entry = clamp((value_at(position * studio.per_mm) - studio.table_low) * studio.table_scale, 0.0, studio.table_last);
    let at = min(u32(entry), u32(studio.table_last) - 1u);
    let first = u32(studio.only) * (u32(studio.table_last) + 1u) + at;
    return mix(table[first].a, table[first + 1u].a, entry - f32(at));
}

// Structures and clips: crates/cinematic/src/kinds.rs and medium.rs.

struct Matter { colour: vec3f, extinction: f32, mixed: bool }

struct Cell { first: vec3i, part: vec3f }

fn cell_at(voxel: vec3f) -> Cell {
    let last = vec3i(textureDimensions(volume)) - 1;
    let p = clamp(voxel, vec3f(0.0), vec3f(last));
    let first = min(vec3i(p), max(last - 1, vec3i(0)));
    return Cell(first, p - vec3f(first));
}

fn corner_of(cell: Cell, corner: u32) -> vec3i {
    let side = vec3i(vec3u(corner, corner >> 1u, corner >> 2u) & vec3u(1u));
    return min(cell.first + side, vec3i(textureDimensions(volume)) - 1);
}

fn weight_of(cell: Cell, corner: u32) -> f32 {
    let side = (vec3u(corner, corner >> 1u, corner >> 2u) & vec3u(1u)) == vec3u(1u);
    let weight = select(1.0 - cell.part, cell.part, side);
    return weight.x * weight.y * weight.z;
}

fn clip_depth(clip: Clip, at: vec3f) -> f32 {
    let along = vec3f(dot(clip.axes[0].xyz, at) + clip.axes[0].w, dot(clip.axes[1].xyz, at) + clip.axes[1].w,
        dot(clip.axes[2].xyz, at) + clip.axes[2].w);
    let room = clip.half - abs(along);
    let inside = min(room.x, min(room.y, room.z));
    switch clip.cut {
        case 1u: { return along.x; }
        case 2u: { return inside; }
        case 3u: { return -inside; }
        default: { return FAR; }
    }
}

fn cut_at(position: vec3f) -> u32 {
    var cut = 0u;
    for (var n = 0u; n < studio.clips; n++) {
        if clip_depth(clips[n], position) < 0.0 { cut |= 1u << n; }
    }
    return cut;
}

fn kind_of(voxel: vec3i, cut: u32) -> u32 {
    var combination = 0u;
    if studio.labelled == 1u { combination = textureLoad(labels, voxel, 0).r; }
    return kinds[cut * studio.combinations + combination];
}

// Near a border each kind shows by its own voxels' values only and by their share of the weight.
fn matter_at(position: vec3f) -> Matter {
    let voxel = position * studio.per_mm;
    if studio.only >= 0 {
        let seen = look_up(u32(studio.only), value_at(voxel));
        return Matter(seen.rgb, seen.a, false);
    }
    let cut = cut_at(position);
    let cell = cell_at(voxel);
    var near: array<u32, 8>;
    var same = true;
    for (var c = 0u; c < 8u; c++) {
        near[c] = kind_of(corner_of(cell, c), cut);
        same = same && near[c] == near[0];
    }
    if same {
        if near[0] == 0u { return Matter(vec3f(0.0), 0.0, false); }
        let seen = look_up(near[0], value_at(voxel));
        return Matter(seen.rgb, seen.a, false);
    }
    var colour = vec3f(0.0);
    var extinction = 0.0;
    for (var first = 0u; first < 8u; first++) {
        var known = near[first] == 0u;
        for (var c = 0u; c < first; c++) { known = known || near[c] == near[first]; }
        if known { continue; }
        var share = 0.0;
        var value = 0.0;
        for (var c = first; c < 8u; c++) {
            if near[c] == near[first] {
                let weight = weight_of(cell, c);
                let sample = textureLoad(volume, corner_of(cell, c), 0).r * studio.value_scale + studio.value_offset;
                share += weight;
                value += weight * sample;
            }
        }
        if share > 0.0 {
            let seen = look_up(near[first], value / share);
            colour += seen.rgb * seen.a * share;
            extinction += seen.a * share;
        }
    }
    if extinction > 0.0 { colour /= extinction; }
    return Matter(colour, extinction, true);
}

fn seen_share(position: vec3f, offset: vec3f, cut: u32) -> f32 {
    let cell = cell_at((position + offset) * studio.per_mm);
    var share = 0.0;
    for (var c = 0u; c < 8u; c++) {
        if kind_of(corner_of(cell, c), cut) > 0u { share += weight_of(cell, c); }
    }
    return share;
}

// The gradient of the share of what is seen, per mm.
fn border_at(position: vec3f) -> vec3f {
    let cut = cut_at(position);
    let x = vec3f(1.0 / studio.per_mm.x, 0.0, 0.0);
    let y = vec3f(0.0, 1.0 / studio.per_mm.y, 0.0);
    let z = vec3f(0.0, 0.0, 1.0 / studio.per_mm.z);
    return vec3f(
        seen_share(position, x, cut) - seen_share(position, -x, cut),
        seen_share(position, y, cut) - seen_share(position, -y, cut),
        seen_share(position, z, cut) - seen_share(position, -z, cut),
    ) * 0.5 * studio.per_mm;
}

fn gradient_at(position: vec3f) -> vec3f {
    let voxel = position * studio.per_mm;
    let x = vec3f(1.0, 0.0, 0.0);
    let y = vec3f(0.0, 1.0, 0.0);
    let z = vec3f(0.0, 0.0, 1.0);
    // Twice the samples' spacing apart; beyond the outermost samples these hold.
    return vec3f(
        value_at(voxel + x) - value_at(voxel - x),
        value_at(voxel + y) - value_at(voxel - y),
        value_at(voxel + z) - value_at(voxel - z),
    ) * 0.5 * studio.per_mm;
}

// Where a ray begins and ends in the volume and in what is kept of it.
fn span(origin: vec3f, direction: vec3f, farthest: f32) -> vec2f {
    var near = 0.0;
    var far = farthest;
    for (var a = 0; a < 3; a++) {
        if abs(direction[a]) > 1e-20 {
            let t0 = (studio.low[a] - origin[a]) / direction[a];
            let t1 = (studio.high[a] - origin[a]) / direction[a];
            near = max(near, min(t0, t1));
            far = min(far, max(t0, t1));
        } else if origin[a] < studio.low[a] || origin[a] > studio.high[a] {
            return vec2f(0.0, -1.0);
        }
    }
    if any(studio.kept.xyz != vec3f(0.0)) {
        let height = dot(studio.kept.xyz, origin) + studio.kept.w;
        let climb = dot(studio.kept.xyz, direction);
        if abs(climb) < 1e-9 {
            if height < 0.0 { return vec2f(0.0, -1.0); }
        } else if climb > 0.0 {
            near = max(near, -height / climb);
        } else {
            far = min(far, -height / climb);
        }
    }
    return vec2f(near, far);
}

struct Flight { met: bool, distance: f32, clear: f32 }

// Delta tracking to the first meeting; or, for `ratio`, ratio tracking of what passes.
fn fly(origin: vec3f, direction: vec3f, reach: vec2f, ratio: bool) -> Flight {
    var depth = -log(1.0 - next_random());
    var clear = 1.0;
    let dims = vec3i(studio.blocks);
    let start = origin * studio.per_mm / studio.cells;
    let speed = direction * studio.per_mm / studio.cells;
    let forwards = speed > vec3f(0.0);
    var t = reach.x;
    var block = clamp(vec3i(floor(start + speed * t)), vec3i(0), dims - 1);
    loop {
        let bound = bounds[block.x + dims.x * (block.y + dims.y * block.z)];
        let cube = select(i32(-bound), 1, bound > 0.0);
        var end = reach.y;
        var axis = 3;
        var behind = 0;
        for (var a = 0; a < 3; a++) {
            let face = select(block[a] + 1 - cube, block[a] + cube, forwards[a]);
            let after = select(block[a] - cube, block[a] + cube, forwards[a]);
            if after >= 0 && after < dims[a] && abs(speed[a]) > 1e-20 {
                let to = (f32(face) - start[a]) / speed[a];
                if to < end {
                    end = to;
                    axis = a;
                    behind = after;
                }
            }
        }
        if bound > 0.0 && end > t {
            var at = t;
            loop {
                let flight = depth / bound;
                if at + flight >= end {
                    depth -= bound * (end - at);
                    break;
                }
                at += flight;
                let extinction = extinction_at(origin + direction * at);
                if ratio {
                    clear *= max(1.0 - extinction / bound, 0.0);
                    if clear < ROULETTE {
                        if next_random() * ROULETTE >= clear { return Flight(true, at, 0.0); }
                        clear = ROULETTE;
                    }
                } else if next_random() * bound < extinction {
                    return Flight(true, at, 0.0);
                }
                depth = -log(1.0 - next_random());
            }
        }
        if axis == 3 { break; }
        t = max(t, end);
        if cube > 1 {
            let now = clamp(vec3i(floor(start + speed * t)), vec3i(0), dims - 1);
            block = clamp(now, block + 1 - cube, block + cube - 1);
        }
        block[axis] = behind;
    }
    return Flight(false, FAR, clear);
}

// Paths: crates/cinematic/src/path.rs.

fn power(own: f32, other: f32) -> f32 {
    let a = own * own;
    let b = other * other;
    return select(0.0, a / (a + b), a > 0.0);
}

// How much of the light a single scattering keeps, so that a thick layer shows the colour.
fn scattering_albedo(colour: vec3f) -> vec3f {
    let a = clamp(colour, vec3f(0.0), vec3f(1.0));
    let kept = 1.0 - exp(-5.09406 * a + 2.61188 * a * a - 4.31805 * a * a * a);
    return min(kept * (1.0 / 0.9988865), vec3f(1.0));
}

struct Sample { light: vec3f, met: bool, colour: vec3f, depth: f32, normal: vec3f }

fn trace(pixel: vec2u, index: u32) -> Sample {
    let seed = hash3(vec3u(pixel, index));
    state = vec2u(seed.x | 1u, seed.y);
    let at = vec2f(pixel) + sobol_pair(pixel, 0u, index);
    let on_picture = studio.corner + studio.across * at.x + studio.down * at.y;
    var origin = studio.eye;
    var direction = studio.forward;
    if studio.perspective == 1u {
        direction = normalize(studio.forward + on_picture);
    } else {
        origin = studio.eye + on_picture;
    }
    if studio.lens_radius > 0.0 {
        let sharp = origin + direction * (studio.focus / max(dot(direction, studio.forward), 1e-3));
        let p = disc(sobol_pair(pixel, 1u, index));
        origin += (studio.right * p.x + studio.up * p.y) * studio.lens_radius;
        direction = normalize(sharp - origin);
    }
    var sample: Sample;
    var throughput = vec3f(1.0);
    var density = -1.0;
    for (var bounce = 1u; bounce <= studio.bounces; bounce++) {
        let reach = span(origin, direction, FAR);
        var flight = Flight(false, FAR, 1.0);
        if reach.x < reach.y { flight = fly(origin, direction, reach, false); }
        if density >= 0.0 {
            for (var n = 0u; n < studio.panels; n++) {
                let panel = panels[n];
                let distance = meet_panel(panel, origin, direction);
                if distance < flight.distance {
                    let chosen = panel_density(panel, direction, distance);
                    if chosen > 0.0 { sample.light += throughput * panel.radiance * power(density, chosen); }
                }
            }
            if !flight.met {
                let seen = look_at_sky(direction);
                sample.light += throughput * seen.rgb * power(density, seen.a);
            }
        }
        if !flight.met { break; }
        let position = origin + direction * flight.distance;
        let matter = matter_at(position);
        let colour = matter.colour;
        let out = -direction;

        var gradient = vec3f(0.0);
        if matter.mixed { gradient = border_at(position); }
        var share = 1.0;
        if all(gradient == vec3f(0.0)) {
            gradient = gradient_at(position);
            share = clamp(
                (length(gradient) - studio.gradient.x) / max(studio.gradient.y - studio.gradient.x, 1e-6), 0.0, 1.0);
        }
        let strength = length(gradient);
        var normal = vec3f(0.0);
        var is_surface = false;
        if share > 0.0 && strength > 0.0 {
            normal = gradient / strength;
            if dot(normal, out) < 0.0 { normal = -normal; }
            is_surface = next_random() < share;
        }
        let surface = Surface(normal, colour);
        let albedo = scattering_albedo(colour);
        if bounce == 1u {
            sample.met = true;
            sample.colour = colour;
            sample.depth = flight.distance;
            sample.normal = studio.to_patient * normal;
        }

        var pair = vec2f(0.0);
        if bounce == 1u { pair = sobol_pair(pixel, 2u, index); } else { pair = next_pair(); }
        let last = bounce == studio.bounces;
        let light = sample_light(position, next_random(), pair);
        if light.density > 0.0 {
            var value = vec4f(0.0);
            if is_surface {
                value = evaluate_surface(surface, out, light.direction);
            } else {
                let phase = henyey_greenstein(dot(direction, light.direction), studio.scatter_forward);
                value = vec4f(albedo * phase, phase);
            }
            let weight = select(power(light.density, value.a), 1.0, last);
            let arriving = value.rgb * light.radiance * (weight / light.density);
            if max(arriving.x, max(arriving.y, arriving.z)) > 0.0 {
                let way = span(position, light.direction, light.distance);
                var clear = 1.0;
                if way.x < way.y { clear = fly(position, light.direction, way, true).clear; }
                sample.light += throughput * arriving * clear;
            }
        }
        if last { break; }

        var chosen = 0.0;
        var onward = vec3f(0.0);
        if is_surface {
            let choice_pair = select_pair(bounce, pixel, index);
            onward = sample_surface(surface, out, next_random(), choice_pair);
            let value = evaluate_surface(surface, out, onward);
            if value.a <= 1e-9 { break; }
            throughput *= value.rgb / value.a;
            chosen = value.a;
        } else {
            onward = sample_henyey_greenstein(direction, studio.scatter_forward, select_pair(bounce, pixel, index));
            throughput *= albedo;
            chosen = henyey_greenstein(dot(direction, onward), studio.scatter_forward);
        }
        if bounce >= ROULETTE_FROM {
            let go_on = max(throughput.x, max(throughput.y, throughput.z));
            if go_on < 1.0 {
                if next_random() >= go_on { break; }
                throughput /= go_on;
            }
        }
        density = chosen;
        origin = position;
        direction = onward;
    }
    return sample;
}

fn select_pair(bounce: u32, pixel: vec2u, index: u32) -> vec2f {
    if bounce == 1u { return sobol_pair(pixel, 3u, index); }
    return next_pair();
}

@compute @workgroup_size(8, 8)
fn accumulate(@builtin(global_invocation_id) id: vec3u) {
    let pixel = vec2u(id.x, id.y + studio.first_row);
    if pixel.x >= studio.width || pixel.y >= studio.height { return; }
    let n = pixel.x + pixel.y * studio.width;
    var sums = film[n];
    for (var s = 0u; s < studio.samples; s++) {
        let sample = trace(pixel, sums.samples);
        sums.samples += 1u;
        sums.red += sample.light.x;
        sums.green += sample.light.y;
        sums.blue += sample.light.z;
        let brightness = (sample.light.x + sample.light.y + sample.light.z) / 3.0;
        sums.square += brightness * brightness;
        if sample.met {
            sums.covered += 1.0;
            sums.albedo_red += sample.colour.x;
            sums.albedo_green += sample.colour.y;
            sums.albedo_blue += sample.colour.z;
            sums.depth += sample.depth;
            sums.normal_x += sample.normal.x;
            sums.normal_y += sample.normal.y;
            sums.normal_z += sample.normal.z;
        }
    }
    film[n] = sums;
}
