#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deployment recipes: each is read by the program that it is for, where that is installed, and all of
them say what the table in their README says. Usage: test-deploy.py FOLDER IVL

Every check here must refuse a recipe with a fault in it, and is given one.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from reallib import RealTap, program

try:
    import yaml
except ImportError:
    yaml = None

# The language models' layers; all have 8 key and value heads of 128
LAYERS = {"26B": 48, "38B": 64, "78B": 80, "78B-AWQ": 80}
KV_HEADS = 8
HEAD_SIZE = 128
PORTS = {"lmdeploy": 23333, "vllm": 8000, "ivl": 8765}
START_SECONDS = 1800  # to load the largest weights


def load_yaml(text):
    """All documents of a YAML text; ValueError for a key that stands twice."""
    class Loader(yaml.SafeLoader):
        pass

    def mapping(loader, node):
        seen = set()
        for key, _ in node.value:
            name = (key.tag, getattr(key, "value", None))
            if key.tag != "tag:yaml.org,2002:merge" and name in seen:
                raise ValueError(f"line {key.start_mark.line + 1}: {key.value} stands twice")
            seen.add(name)
        loader.flatten_mapping(node)
        return yaml.SafeLoader.construct_mapping(loader, node, deep=True)

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    return list(yaml.load_all(text, Loader))


def check(*command, **options):
    """What a checker finds: '' when it is content."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)
    if done.returncode == 0:
        return ""
    return f"exit {done.returncode}: {done.stdout[-600:]}{done.stderr[-600:]}"


# The table in README.md

def read_table(text):
    """Rows of the first table, by the model's size."""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].startswith("OpenGVLab/") and len(cells) == 9:
            model, name, weights, context, cache, cards, tp, lmdeploy, vllm = cells
            rows[model.removeprefix("OpenGVLab/InternVL2_5-")] = {
                "model": model, "name": name, "weights": float(weights.removesuffix(" GB")), "context": int(context),
                "cache": float(cache.removesuffix(" GB")), "cards": int(cards.split("×")[0]),
                "card": float(cards.split("×")[1].removesuffix("GB")), "tp": int(tp),
                "lmdeploy": lmdeploy.strip("`"), "vllm": vllm.strip("`")}
    return rows


def table_faults(rows):
    """What does not add up in the table."""
    faults = []
    if set(rows) != set(LAYERS):
        faults.append(f"rows {sorted(rows)}, wanted {sorted(LAYERS)}")
    for size, row in rows.items():
        cache = 2 * LAYERS.get(size, 0) * KV_HEADS * HEAD_SIZE * 2 * row["context"] / 1e9
        if abs(cache - row["cache"]) > 0.06:
            faults.append(f"{size}: a full context takes {cache:.2f} GB, not {row['cache']}")
        if row["weights"] + row["cache"] + 5 > row["cards"] * row["card"]:
            faults.append(f"{size}: does not fit its cards")
        if KV_HEADS % row["tp"] or row["tp"] != row["cards"]:
            faults.append(f"{size}: {row['tp']} does not divide {KV_HEADS}, or is not the number of cards")
        if "AWQ" in size and row["tp"] != 1:
            faults.append(f"{size}: 4 bit runs on one card")
    return faults


# The start scripts, with an engine that only writes down its arguments

ENGINE = """#!/bin/sh
{ for word; do printf '%s\\n' "$word"; done; printf 'KEY=%s\\n' "$VLLM_API_KEY"; } >"$ENGINE_SAW"
"""


def run_script(script, argument, folder, **variables):
    """(words, key) that the engine was started with."""
    for name in ("lmdeploy", "vllm", "ray"):
        path = Path(folder, name)
        path.write_text(ENGINE, encoding="utf-8")
        path.chmod(0o755)
    # Ray's Python module as node.sh uses it
    Path(folder, "ray.py").write_text("init = lambda **_: None\ncluster_resources = lambda: {'GPU': 8.0}\n",
                                      encoding="utf-8")
    key = Path(folder, "key")
    key.write_text("sesame\n", encoding="utf-8")
    saw = Path(folder, "saw")
    saw.unlink(missing_ok=True)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "ENGINE_SAW": str(saw), "API_KEY_FILE": str(key),
                   "PYTHONPATH": str(folder), **variables}
    done = subprocess.run(["bash", str(script), argument], env=environment, capture_output=True, text=True, check=False,
                          timeout=60)
    if done.returncode != 0 or not saw.exists():
        return [f"exit {done.returncode}: {done.stderr}"], ""
    words = saw.read_text(encoding="utf-8").splitlines()
    return words[:-1], words[-1].removeprefix("KEY=")


def option(words, name):
    """Value of an option written as two words or with '='."""
    for number, word in enumerate(words):
        if word == name:
            return words[number + 1] if number + 1 < len(words) else ""
        if word.startswith(name + "="):
            return word[len(name) + 1:]
    return None


def vllm_faults(words, row, host="127.0.0.1"):
    """What a vLLM command line says other than the table."""
    wanted = {"--served-model-name": row["name"], "--tensor-parallel-size": str(row["tp"]), "--host": host,
              "--max-model-len": str(row["context"]), "--port": str(PORTS["vllm"]),
              "--mm-encoder-tp-mode": "data" if row["tp"] > 1 else None}
    faults = [f"{name} {option(words, name)}, wanted {value}" for name, value in wanted.items()
              if option(words, name) != value]
    if row["model"] not in words:
        faults.append(f"{row['model']} is not served")
    images = json.loads(option(words, "--limit-mm-per-prompt") or "{}").get("image")
    if images != 4:
        faults.append(f"{images} pictures a request")
    if any("sesame" in word for word in words):
        faults.append("the key is on the command line")
    return faults


def lmdeploy_faults(words, row):
    wanted = {"--model-name": row["name"], "--tp": str(row["tp"]), "--session-len": str(row["context"]),
              "--server-port": str(PORTS["lmdeploy"]), "--chat-template": "internvl2_5", "--server-name": "127.0.0.1",
              "--api-keys": "sesame", "--model-format": "awq" if "AWQ" in row["model"] else None}
    faults = [f"{name} {option(words, name)}, wanted {value}" for name, value in wanted.items()
              if option(words, name) != value]
    return faults + ([] if row["model"] in words else [f"{row['model']} is not served"])


# Compose files

def compose_faults(document, rows, engine):
    """What a one-node compose file says other than the table."""
    faults = []
    for size, row in rows.items():
        service = document["services"].get(f"internvl-{size.lower()}")
        if service is None:
            faults.append(f"no service for {size}")
            continue
        devices = service["deploy"]["resources"]["reservations"]["devices"]
        if devices[0]["count"] != row["cards"]:
            faults.append(f"{size}: {devices[0]['count']} cards, wanted {row['cards']}")
        if service["entrypoint"][-1] != size.lower() or service["profiles"] != [size.lower()]:
            faults.append(f"{size}: starts {service['entrypoint'][-1]} in {service['profiles']}")
        port = PORTS[engine]
        if service["ports"] != [f"127.0.0.1:{port}:{port}"]:
            faults.append(f"{size}: ports {service['ports']}")
        if f":{port}/health" not in " ".join(service["healthcheck"]["test"]):
            faults.append(f"{size}: the health check asks another place")
    if set(document["services"]) != {f"internvl-{size.lower()}" for size in rows}:
        faults.append(f"services {sorted(document['services'])}")
    return faults


def compose_checker():
    """The command that checks a compose file without an engine; None where there is none."""
    if program("docker-compose"):
        return [program("docker-compose")]
    if program("docker") and not check("docker", "compose", "version"):
        return ["docker", "compose"]
    return None


# Kubernetes

def kubernetes_faults(document, kind, models, path=""):
    """Fields that Kubernetes' own published types do not have, have otherwise, or need."""
    if kind.startswith("list["):
        if not isinstance(document, list):
            return [f"{path} is no list"]
        return [fault for number, item in enumerate(document)
                for fault in kubernetes_faults(item, kind[5:-1], models, f"{path}[{number}]")]
    if kind.startswith("dict("):
        inner = kind[5:-1].split(",")[1].strip()
        if not isinstance(document, dict):
            return [f"{path} is no object"]
        return [fault for key, value in document.items()
                for fault in kubernetes_faults(value, inner, models, f"{path}.{key}")]
    simple = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": object}.get(kind)
    if simple is not None:
        good = isinstance(document, simple) and not (kind == "int" and isinstance(document, bool))
        return [] if good else [f"{path}: {document!r} is no {kind}"]
    model = getattr(models, kind, None)
    if model is None:
        return []
    if not isinstance(document, dict):
        return [f"{path} is no {kind}"]
    names = {outside: inside for inside, outside in model.attribute_map.items()}
    faults = [f"{path}.{key} is no field of {kind}" for key in document if key not in names]
    for key, value in document.items():
        if key in names:
            faults += kubernetes_faults(value, model.openapi_types[names[key]], models, f"{path}.{key}")
    return faults


def manifest_faults(documents, row):
    """What the manifest says other than the table, and what it may not say."""
    faults = []
    kinds = {document["kind"]: document for document in documents}
    pod = kinds["Deployment"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    faults += vllm_faults(container["command"] + container["args"], row, host="0.0.0.0")
    if container["resources"]["limits"]["nvidia.com/gpu"] != str(row["cards"]):
        faults.append("another number of cards")
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        if container[name].get("httpGet", {}).get("path") != "/health":
            faults.append(f"{name} does not ask /health")
    startup = container["startupProbe"]
    if startup["periodSeconds"] * startup["failureThreshold"] < START_SECONDS:
        faults.append("too little time to start")
    keys = [entry for entry in container["env"] if entry["name"] == "VLLM_API_KEY"]
    if len(keys) != 1 or "secretKeyRef" not in keys[0].get("valueFrom", {}):
        faults.append("the key does not come from a secret")
    claims = {volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"]
              if "persistentVolumeClaim" in volume}
    if claims != {kinds["PersistentVolumeClaim"]["metadata"]["name"]}:
        faults.append(f"claims {claims}")
    labels = kinds["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for chosen in (kinds["Service"]["spec"]["selector"], kinds["Deployment"]["spec"]["selector"]["matchLabels"],
                   kinds["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]):
        if not chosen.items() <= labels.items():
            faults.append(f"{chosen} chooses other pods")
    return faults


# Tests

def test_table(tap, folder, rows):
    tap.equal(table_faults(rows), [], "the table of models adds up")
    wrong = {**rows, "38B": {**rows["38B"], "tp": 3, "cards": 3, "cache": 9.0}}
    tap.equal(len(table_faults(wrong)), 2, "a table with a wrong sum is refused")
    text = (folder / "README.md").read_text(encoding="utf-8")
    named = {name for name in re.findall(r"`((?:lmdeploy|vllm|kubernetes|proxy|ivl-serve|vllm-two-nodes)/[\w.-]+)", text)}
    tap.equal(sorted(name for name in named if not (folder / name).exists()), [], "every file that README names is there")
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    told = " ".join([text] + [(folder / name).read_text(encoding="utf-8") for name in sorted(files)])
    tap.equal(sorted(name for name in files if Path(name).name not in told), [], "every file is told of")


def test_remote_lines(tap, folder, rows):
    text = (folder / "README.md").read_text(encoding="utf-8")
    names = set(re.findall(r"^ +model=(\S+)", text, re.MULTILINE))
    tap.equal(names - {row["name"] for row in rows.values()}, set(), "the lines for ivl.conf name a model of the table")
    engines = set(re.findall(r"^ +engine=(\S+)", text, re.MULTILINE))
    listed = re.search(r"`engine` is (.*?)\.", text, re.DOTALL)
    engines |= set(re.findall(r"`([\w-]+)`", listed.group(1))) if listed else {"none listed"}
    dialects = folder.parent / "remote"
    if not dialects.is_dir():
        tap.skip("data/remote is not there", "each engine that README names has a dialect")
        return
    tap.equal(sorted(name for name in engines if not (dialects / f"{name}.ini").exists()), [],
              "each engine that README names has a dialect")


def test_scripts(tap, folder, rows):
    with tempfile.TemporaryDirectory() as temporary:
        for size, row in rows.items():
            for engine, faults in (("lmdeploy", lmdeploy_faults), ("vllm", vllm_faults)):
                script, argument = row[engine].split()
                words, key = run_script(folder / script, argument, temporary)
                tap.equal(faults(words, row), [], f"{row[engine]} starts what the table says")
                if engine == "vllm":
                    tap.equal(key, "sesame", f"{row[engine]} passes the key on")
        row = rows["38B"]
        words, _ = run_script(folder / "vllm/serve.sh", "26b", temporary)
        tap.point(vllm_faults(words, row), "another model than the table's is refused")
        words, _ = run_script(folder / "lmdeploy/serve.sh", "26b", temporary, TP="2")
        tap.equal(option(words, "--tp"), "2", "TP= changes the number of cards")
        words, _ = run_script(folder / "lmdeploy/serve.sh", "1b", temporary)
        tap.point(words[0].startswith("exit 2"), "an unknown size is refused", words)
        words, _ = run_script(folder / "vllm/serve.sh", "38b", temporary, API_KEY_FILE="/nowhere")
        tap.point(words[0].startswith("exit 1"), "no start without a key", words)
        words, _ = run_script(folder / "vllm-two-nodes/node.sh", "head", temporary, HEAD_IP="10.9.0.1",
                              NODE_IP="10.9.0.1")
        tap.equal(vllm_faults(words, rows["78B"]), [], "the head of two nodes starts the 78B")
        tap.equal((option(words, "--pipeline-parallel-size"), option(words, "--distributed-executor-backend")),
                  ("2", "ray"), "tensor parallel within a node, pipeline parallel between nodes")
        words, _ = run_script(folder / "vllm-two-nodes/node.sh", "worker", temporary, HEAD_IP="10.9.0.1",
                              NODE_IP="10.9.0.2")
        tap.equal(words, ["start", "--address", "10.9.0.1:6379", "--node-ip-address", "10.9.0.2", "--block"],
                  "the other node joins the head")
        words, _ = run_script(folder / "vllm-two-nodes/node.sh", "worker", temporary)
        tap.point("this node's address" in words[0], "a node needs its address", words)


def test_yaml(tap, folder, rows):
    if yaml is None:
        tap.skip("python3-yaml is not installed", "YAML files")
        return
    documents = {}
    for path in sorted(folder.rglob("*.yaml")):
        name = str(path.relative_to(folder))
        try:
            documents[name] = load_yaml(path.read_text(encoding="utf-8"))
            tap.point(True, f"{name} is YAML")
        except (ValueError, yaml.YAMLError) as error:
            tap.point(False, f"{name} is YAML", error)
    try:
        load_yaml("a: 1\nb: {c: 1, c: 2}\n")
        tap.point(False, "a key that stands twice is refused")
    except ValueError as error:
        tap.point("c stands twice" in str(error), "a key that stands twice is refused", error)
    for engine in ("lmdeploy", "vllm"):
        document = documents[f"{engine}/compose.yaml"][0]
        tap.equal(compose_faults(document, rows, engine), [], f"{engine}/compose.yaml says what the table says")
        wrong = {**rows, "78B": {**rows["78B"], "cards": 8}}
        tap.equal(len(compose_faults(document, wrong, engine)), 1, f"{engine}: other cards than the table's are refused")
    devices = documents["vllm-two-nodes/compose.yaml"][0]["services"]
    tap.equal([service["deploy"]["resources"]["reservations"]["devices"][0]["count"] for service in devices.values()],
              [4, 4], "four cards in each of two nodes")
    manifest = documents["kubernetes/internvl2.5-38b.yaml"]
    tap.equal(manifest_faults(manifest, rows["38B"]), [], "the manifest says what the table says")
    tap.point(manifest_faults(manifest, rows["78B"]), "another model than the table's is refused")
    test_kubernetes(tap, manifest)


def test_kubernetes(tap, documents):
    try:
        from kubernetes import client
    except ImportError:
        tap.skip("python3-kubernetes is not installed", "the manifest against Kubernetes' types")
        return
    kinds = {("apps/v1", "Deployment"): "V1Deployment", ("v1", "Service"): "V1Service",
             ("v1", "PersistentVolumeClaim"): "V1PersistentVolumeClaim",
             ("networking.k8s.io/v1", "NetworkPolicy"): "V1NetworkPolicy"}
    for document in documents:
        kind = kinds.get((document["apiVersion"], document["kind"]))
        faults = kubernetes_faults(document, kind, client) if kind else ["an unknown kind"]
        tap.equal(faults, [], f"{document['kind']} is of Kubernetes' types")
    wrong = json.loads(json.dumps(documents[0]).replace("startupProbe", "startUpProbe").replace('"replicas": 1', '"replicas": "1"'))
    tap.equal(len(kubernetes_faults(wrong, "V1Deployment", client)), 2, "a misspelt field and a wrong type are refused")


def test_compose(tap, folder):
    checker = compose_checker()
    if checker is None:
        tap.skip("docker-compose is not installed", "compose files")
        return
    with tempfile.TemporaryDirectory() as temporary:
        environment = {"PATH": os.environ["PATH"], "HOME": temporary}
        for name, profiles in (("lmdeploy", ("26b", "38b", "78b", "78b-awq")), ("vllm", ("26b", "38b", "78b", "78b-awq")),
                               ("vllm-two-nodes", ("head", "worker"))):
            path = folder / name / "compose.yaml"
            for profile in profiles:
                found = check(*checker, "-f", str(path), "--profile", profile, "config", env=environment)
                tap.equal(found, "", f"{name}/compose.yaml: compose takes the profile {profile}")
        wrong = Path(temporary, "compose.yaml")
        wrong.write_text((folder / "vllm/compose.yaml").read_text(encoding="utf-8").replace("shm_size", "shmsize"),
                         encoding="utf-8")
        tap.point(check(*checker, "-f", str(wrong), "--profile", "38b", "config", env=environment),
                  "a misspelt key is refused by compose")


def test_shell(tap, folder):
    for path in sorted(folder.rglob("*.sh")):
        name = path.relative_to(folder)
        tap.equal(check("bash", "-n", str(path)), "", f"{name} is bash")
        if program("shellcheck"):
            tap.equal(check(program("shellcheck"), str(path)), "", f"{name}: shellcheck finds nothing")
        else:
            tap.skip("shellcheck is not installed", f"{name}: shellcheck")


def unit_faults(checker, path, ivl, temporary):
    """What systemd finds in a unit whose program is the one that was built."""
    text = path.read_text(encoding="utf-8")
    copy = Path(temporary, path.name)
    copy.write_text(text.replace("ExecStart=ivl ", f"ExecStart={ivl} "), encoding="utf-8")
    user = ["--user"] if "WantedBy=default.target" in text else []
    done = subprocess.run([checker, *user, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False,
                          env={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": temporary, "HOME": temporary}, timeout=60)
    # It also tells of units of this machine that ours stand in line with
    return [line for line in done.stderr.splitlines() if path.name in line]


def test_units(tap, folder, ivl):
    checker = program("systemd-analyze")
    if checker is None:
        tap.skip("systemd-analyze is not installed", "systemd units")
        return
    with tempfile.TemporaryDirectory() as temporary:
        for path in sorted(folder.rglob("*.service")):
            tap.equal(unit_faults(checker, path, ivl, temporary), [], f"{path.name}: systemd finds nothing")
        wrong = Path(temporary, "wrong.service")
        wrong.write_text((folder / "ivl-serve/ivl-office.service").read_text(encoding="utf-8")
                         .replace("DynamicUser=", "DynamicUsr="), encoding="utf-8")
        tap.point(unit_faults(checker, wrong, ivl, temporary), "a misspelt key is refused by systemd")
    office = (folder / "ivl-serve/ivl-office.service").read_text(encoding="utf-8")
    tap.point(f"--listen 127.0.0.1:{PORTS['ivl']} " in office and "--api-key-file %d/api-key" in office,
              "the office's service listens behind the proxy, with a key", office)


def main(folder, ivl):
    tap = RealTap()
    folder = Path(folder).resolve()
    rows = read_table((folder / "README.md").read_text(encoding="utf-8"))
    test_table(tap, folder, rows)
    test_remote_lines(tap, folder, rows)
    test_scripts(tap, folder, rows)
    test_yaml(tap, folder, rows)
    test_compose(tap, folder)
    test_shell(tap, folder)
    test_units(tap, folder, os.path.abspath(ivl))
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
