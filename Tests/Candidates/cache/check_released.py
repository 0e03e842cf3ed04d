#!/usr/bin/env python3
"""Chapter 19 against the authors' releases: their own functions and statements, run on random layers.

  git clone https://github.com/SalesforceAIResearch/ThinK && git -C ThinK checkout d200577
  VENV/bin/python Tests/Candidates/cache/check_released.py --think ThinK [--zipcache PATH] … [--layers 200] [--seed 1]

Not part of the checks before a change lands, since it needs checkouts of repositories that are not this project's:

  --think         SalesforceAIResearch/ThinK@d200577      key_pruner_query_driven
  --zipcache      ThisisBillhe/ZipCache@b6932b9           the saliency of a prefill, compression and decompression
  --pyramidinfer  mutonix/pyramidinfer@61ac641            what stands between two layers of a prefill
  --kvsharer      yangyifei729/KVSharer@39e5c19           distances, their order, the search, the closing of a map
  --megatron      NVIDIA/Megatron-LM, branch dmc@d36bf8d  DynamicPooler in evaluation, and poolsum
  --kvpress       NVIDIA/kvpress@8bb29b9                  ThinKPress, SnapKVPress without pooling

Single functions are taken out of a release's files and executed, so PyTorch is enough; what they compute in float32 is
computed in float64. What is not given is skipped, and said. Where the Spec departs from a release, its point at which
both are the same is compared, and each line says which. Exits with 1 if anything differs, with 2 if nothing is given or
a path holds no checkout.
"""

import argparse
import pathlib
import sys

import torch

import cache_protocol  # noqa: F401  first: it makes the modules of the folder above known
import released_methods
import released_pruning
from tally import conclude

CHECKS = {
    "think": ("ThinK_eager/src/kv_pruning_utils.py", released_pruning.check_think),
    "kvpress": ("kvpress/presses/think_press.py", released_pruning.check_presses),
    "pyramidinfer": ("models/modeling_llama_pyramidinfer.py", released_pruning.check_pyramid),
    "zipcache": ("zipcache/models/CompressUtils/compress_function.py", released_methods.check_zip),
    "kvsharer": ("test_llama.ipynb", released_methods.check_sharer),
    "megatron": ("megatron/contrib/dmc/dmc.py", released_methods.check_dmc)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in CHECKS:
        parser.add_argument(f"--{name}", type=pathlib.Path, metavar="PATH")
    parser.add_argument("--layers", type=int, default=200, metavar="N", help="random layers")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    paths = {name: getattr(options, name) for name in CHECKS}
    for name, (source, _) in CHECKS.items():
        if paths[name] and not (paths[name] / source).is_file():
            print(f"no checkout of the release at {paths[name]}: {source} is missing", file=sys.stderr)
            return 2
    if not any(paths.values()):
        print("no checkout is given", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)

    def trials(draw, folder, tally):
        for name, (source, check) in CHECKS.items():
            if not paths[name]:
                print(f"skipped: {name}, no checkout is given")
                continue
            for _ in range(options.layers):
                check(paths[name], draw, tally)

    return conclude(options.seed, trials)


if __name__ == "__main__":
    sys.exit(main())
