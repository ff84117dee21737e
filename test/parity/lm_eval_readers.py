"""Do lm-evaluation-harness's own readers open a folder of results?

    python test/parity/lm_eval_readers.py FOLDER SCRATCH

Prints one JSON object with what each of them says; SCRATCH is an empty folder for what its writer and the datasets library
write. Needs lm_eval 0.4.13.
"""

import glob
import json
import sys
from pathlib import Path

import datasets
from lm_eval import __version__, utils
from lm_eval.loggers import EvaluationTracker
from lm_eval.result_schema import EvalResults, SampleResult

datasets.disable_progress_bars()
folder, scratch = sys.argv[1:]
files = sorted(glob.glob(f"{folder}/*"))
found = utils.get_results_filenames(files)
latest = utils.get_latest_filename(found)
samples_files = utils.get_sample_results_filenames(files)
results = json.loads(Path(latest).read_text(encoding="utf-8"))
samples, tasks = {}, {}
for file in samples_files:
    task = utils.get_file_task_name(Path(file).name)
    tasks[task] = utils.get_file_datetime(Path(file).name)
    samples[task] = [json.loads(line) for line in Path(file).read_text(encoding="utf-8").split("\n")[:-1]]


def hashes(sample: dict) -> dict:
    """As evaluator.py makes them."""
    doc = json.dumps(sample["doc"], indent=2, ensure_ascii=False, default=utils.handle_non_serializable)
    return {
        "doc_hash": utils.hash_string(doc),
        "prompt_hash": utils.hash_string(sample["arguments"]["gen_args_0"]["arg_0"]),
        "target_hash": utils.hash_string(sample["target"]),
    }


def answers(sample: dict) -> list:
    """As it would have written them."""
    pairs = zip(sample["logprobs"], sample["is_greedy"])
    return utils.sanitize_list([[float("-inf") if logprob is None else float(logprob), greedy] for logprob, greedy in pairs])


every = [sample for of_task in samples.values() for sample in of_task]
loaded = datasets.load_dataset("json", data_files=samples_files, split="train", cache_dir=f"{scratch}/cache")
tracker = EvaluationTracker(output_path=f"{scratch}/tracker")
tracker.general_config_tracker.log_experiment_args("isogloss", {"pretrained": results["model_name"]}, None, None, False)
tracker.save_results_aggregated(json.loads(json.dumps(results)), samples)
written = utils.get_results_filenames(glob.glob(f"{scratch}/tracker/**/*", recursive=True))

print(
    json.dumps(
        {
            "version": __version__,
            "results": [Path(file).name for file in found],
            "latest": Path(latest).name,
            "samples": [Path(file).name for file in samples_files],
            "tasks": tasks,
            "table": utils.make_table(results),
            "groups": utils.make_table(results, "groups"),
            "unknown_keys": sorted(set(results) - set(EvalResults.__annotations__)),
            "missing_sample_keys": sorted(set(SampleResult.__annotations__) - set(every[0])),
            "other_hashes": [s["item_id"] for s in every if any(s[key] != own for key, own in hashes(s).items())],
            "other_answers": [s["item_id"] for s in every if s["filtered_resps"] != answers(s) or s["resps"] != [[a] for a in answers(s)]],
            "loaded": {"rows": len(loaded), "columns": loaded.column_names, "first": loaded[0]["filtered_resps"]},
            "written": [json.loads(Path(file).read_text(encoding="utf-8"))["task_hashes"] for file in written],
        }
    )
)
