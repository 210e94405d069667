#!/usr/bin/env python3
"""Exports trained networks to ONNX for `fabrica segment --model`.

    export_onnx.py nnunet  RESULTS_FOLDER OUT   # .../nnUNetTrainer__nnUNetPlans__3d_fullres, with fold_*/checkpoint_final.pth
    export_onnx.py monai   BUNDLE OUT           # a MONAI bundle with configs/ and models/model.pt
    export_onnx.py total   RESULTS_FOLDER OUT   # a TotalSegmentator weights folder: nnU-Net, trained on RAS images

It needs torch and onnx, and nnunetv2 or monai. OUT becomes a folder that Fabrica reads as it is.
"""
import json
import pathlib
import shutil
import sys

import torch


def export(network, channels, patch, path):
    """Writes one network with all its weights inside; batch and space stay free."""
    network.eval()
    image = torch.zeros(1, channels, *patch)
    free = {0: "N", 2: "X", 3: "Y", 4: "Z"}
    with torch.no_grad():
        torch.onnx.export(
            network, image, str(path), input_names=["image"], output_names=["logits"], opset_version=17,
            dynamic_axes={"image": free, "logits": free}, dynamo=False,
        )
    print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB")


def nnunet(results, out, orientation=None):
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    folds = sorted(int(f.name[5:]) for f in results.glob("fold_[0-9]*") if (f / "checkpoint_final.pth").exists())
    if not folds:
        sys.exit(f"{results} has no fold_*/checkpoint_final.pth")
    predictor = nnUNetPredictor(device=torch.device("cpu"), perform_everything_on_device=False)
    predictor.initialize_from_trained_model_folder(str(results), folds, "checkpoint_final.pth")
    network = predictor.network
    if hasattr(network, "decoder") and hasattr(network.decoder, "deep_supervision"):
        network.decoder.deep_supervision = False
    configuration = predictor.configuration_manager
    channels = len(predictor.dataset_json.get("channel_names", predictor.dataset_json.get("modality")))
    if configuration.previous_stage_name is not None:
        channels += len(predictor.label_manager.foreground_labels)
    for fold, weights in zip(folds, predictor.list_of_parameters):
        network.load_state_dict(weights)
        export(network, channels, configuration.patch_size, out / f"fold_{fold}.onnx")
    for name in ("plans.json", "dataset.json"):
        shutil.copy(results / name, out / name)
    extra = {"configuration": results.name.split("__")[-1], "mirror_axes": list(predictor.allowed_mirroring_axes or [])}
    if orientation:
        extra["orientation"] = orientation
    (out / "fabrica.json").write_text(json.dumps(extra, indent=2))
    if configuration.previous_stage_name is not None:
        print(f"This is the second stage of a cascade: export {configuration.previous_stage_name} into {out / 'previous'} too.")


def monai(bundle, out):
    from monai.bundle import ConfigParser

    parser = ConfigParser()
    parser.read_config(str(bundle / "configs" / "inference.json"))
    parser.read_meta(str(bundle / "configs" / "metadata.json"))
    network = parser.get_parsed_content("network_def")
    weights = torch.load(bundle / "models" / "model.pt", map_location="cpu", weights_only=True)
    network.load_state_dict(weights.get("model", weights) if isinstance(weights, dict) else weights)
    meta = json.loads((bundle / "configs" / "metadata.json").read_text())
    channels = meta["network_data_format"]["inputs"]["image"]["num_channels"]
    (out / "configs").mkdir(exist_ok=True)
    (out / "models").mkdir(exist_ok=True)
    export(network, channels, [96, 96, 96], out / "models" / "model.onnx")
    for name in ("metadata.json", "inference.json"):
        shutil.copy(bundle / "configs" / name, out / "configs" / name)


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("nnunet", "monai", "total"):
        sys.exit(__doc__)
    kind, source, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    if kind == "monai":
        monai(source, out)
    else:
        nnunet(source, out, "RAS" if kind == "total" else None)


if __name__ == "__main__":
    main()
