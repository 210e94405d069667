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
for case in head aorta abdomen; do
    "$fabrica" gallery "$cases/$case" --out "$out/$case.png" ${GALLERY_ARGS:-}
done
