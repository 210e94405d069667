#!/bin/sh
# Contact sheets of every preset on the real scans of ../shared/data: gallery.sh FABRICA OUT. Cases are made in a
# temporary folder; pictures of patients stay in OUT, outside the repository unless their licence allows otherwise.
set -eu
fabrica=$1
out=$2
data="$(dirname "$0")/../../shared/data"
[ -d "$data" ] || { echo "the gallery needs the scans in ../shared/data" >&2; exit 1; }
mkdir -p "$out"
cases=$(mktemp -d)
trap 'rm -rf "$cases"' EXIT
"$fabrica" import "$data/ct_nifti_labels/head_ct_invesalius/head_ct.nii.gz" --case "$cases/head"
"$fabrica" import "$data/ct_nifti_labels/cta_aortic_dissection_1.5mm/ct_cropped.nii.gz" --case "$cases/aorta"
"$fabrica" import "$data/ct_dicom/abdomen_portalvenous_CRLM-CT-1004" --case "$cases/abdomen"
sheet() {
    case=$1 camera=$2
    shift 2
    for preset in "$@"; do set -- "$@" --preset "$preset"; shift; done
    "$fabrica" gallery "$cases/$case" --camera "$camera" --out "$out/$case.png" "$@" ${GALLERY_ARGS:-}
}
sheet head azimuth=25,elevation=10,zoom=1.25 ct-bone ct-skin ct-soft-tissue ct-vessels ct-airway mip
sheet aorta azimuth=20,elevation=5,zoom=1.15 ct-vessels ct-aneurysm ct-heart ct-bone ct-lung ct-airway ct-soft-tissue mip
sheet abdomen azimuth=15,elevation=5,zoom=1.6 ct-bone ct-vessels ct-aneurysm ct-heart ct-soft-tissue ct-skin ct-lung mip
