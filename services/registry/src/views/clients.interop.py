"""Unchanged clients against the registry's HTTP port. Called as: clients.py CHECK URL [ARG...]; prints one JSON object."""

import hashlib
import json
import os
import sys
import tempfile

check, url, *args = sys.argv[1:]
os.environ.setdefault('HF_HOME', tempfile.mkdtemp())
os.environ['HF_ENDPOINT'] = url
os.environ['HF_HUB_DISABLE_TELEMETRY'] = '1'
os.environ['HF_HUB_DISABLE_PROGRESS_BARS'] = '1'


def sha256(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def hub():
    """Everything a reader calls, with the errors it must tell apart."""
    import huggingface_hub as hf
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    repo, framework_repo = args
    api = hf.HfApi()
    path = hf.hf_hub_download(repo, 'model.safetensors')
    info = api.model_info(repo, files_metadata=True)
    folder = hf.snapshot_download(repo, revision='prod')
    errors = []
    for wrong in [
        lambda: hf.hf_hub_download('cassl/nothing', 'model.safetensors'),
        lambda: hf.hf_hub_download(repo, 'model.safetensors', revision='v9'),
        lambda: hf.hf_hub_download(repo, 'other.bin'),
        lambda: api.model_info('cassl/nothing'),
    ]:
        try:
            wrong()
        except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError) as error:
            errors.append(type(error).__name__.replace('RemoteEntry', 'Entry'))
    metadata = hf.get_safetensors_metadata(repo)
    return {
        'version': hf.__version__,
        'sha256': sha256(path),
        'snapshot': sha256(os.path.join(folder, 'model.safetensors')),
        'snapshotFiles': sorted(os.listdir(folder)),
        'again': hf.hf_hub_download(repo, 'model.safetensors', revision=info.sha) == path,
        'files': sorted(api.list_repo_files(repo)),
        'frameworkFiles': sorted(api.list_repo_files(framework_repo)),
        'sha': info.sha,
        'lfs': [s.lfs.sha256 for s in info.siblings if s.lfs is not None],
        'branches': sorted(branch.name for branch in api.list_repo_refs(repo).branches),
        'commits': [commit.commit_id for commit in api.list_repo_commits(repo)],
        'paths': [entry.path for entry in api.get_paths_info(repo, ['README.md', 'gone'])],
        'models': sorted(model.id for model in api.list_models(search='resnet')),
        'card': hf.ModelCard.load(repo).data.library_name,
        'tensors': len(metadata.files_metadata['model.safetensors'].tensors),
        'who': api.whoami(token='secret')['name'],
        'errors': errors,
    }


def download():
    import huggingface_hub as hf

    return {'sha256': sha256(hf.hf_hub_download(args[0], args[1]))}


def push():
    """What a trainer writes with its own tools: repository, checkpoint, folder, branch, tag, deletion; read back by the same client."""
    import huggingface_hub as hf
    from huggingface_hub.errors import BadRequestError, HfHubHTTPError

    folder, megabytes, token = args
    api = hf.HfApi(token=token)
    repo = 'team/pushed'
    weights = os.path.join(folder, 'model.safetensors')
    size = int(megabytes) << 20
    header = json.dumps({'a': {'dtype': 'U8', 'shape': [size], 'data_offsets': [0, size]}}).encode()
    with open(weights, 'wb') as file:
        file.write(len(header).to_bytes(8, 'little') + header)
        file.write(megabytes.encode().ljust(1 << 20, b'x') * int(megabytes))
    with open(os.path.join(folder, 'config.json'), 'w') as file:
        json.dump({'architecture': 'resnet50'}, file)
    api.create_repo(repo, exist_ok=True)
    url = api.create_repo(repo, exist_ok=True)
    first = api.upload_folder(repo_id=repo, folder_path=folder, commit_message='a folder')
    got = hf.hf_hub_download(repo, 'model.safetensors', token=token)
    config = hf.hf_hub_download(repo, 'config.json', token=token)
    api.create_branch(repo, branch='next', exist_ok=True)
    api.create_branch(repo, branch='next', exist_ok=True)
    api.upload_file(repo_id=repo, path_or_fileobj=b'notes', path_in_repo='logs/notes.txt', revision='next')
    api.create_tag(repo, tag='v1', tag_message='first')
    refs = api.list_repo_refs(repo)
    second = api.create_commit(
        repo,
        operations=[
            hf.CommitOperationAdd('README.md', b'---\nlicense: mit\n---\n# mine\n'),
            hf.CommitOperationDelete('config.json'),
        ],
        commit_message='a card',
        parent_commit=first.oid,
    )
    again = api.upload_file(repo_id=repo, path_or_fileobj=weights, path_in_repo='model.safetensors')
    errors = []
    for wrong in [
        lambda: api.create_commit(
            repo, operations=[hf.CommitOperationDelete('README.md')], commit_message='late', parent_commit=first.oid
        ),
        lambda: api.upload_file(repo_id=repo, path_or_fileobj=b'x' * 3_000_000, path_in_repo='pytorch_model.bin'),
        lambda: api.upload_file(repo_id=repo, path_or_fileobj=b'x', path_in_repo='a', token=token + 'x'),
        lambda: api.upload_file(repo_id='team/none', path_or_fileobj=b'x', path_in_repo='a'),
        lambda: api.upload_file(repo_id='bank/net', path_or_fileobj=b'x', path_in_repo='a'),
        lambda: api.create_repo('bank/net'),
        lambda: api.create_repo(repo),
        lambda: api.delete_file('nothing.txt', repo),
    ]:
        try:
            wrong()
            errors.append('none')
        except (BadRequestError, HfHubHTTPError) as error:
            errors.append(f'{type(error).__name__} {error.response.status_code}')
    files = api.list_repo_files(repo)
    api.delete_tag(repo, tag='v1')
    api.delete_branch(repo, branch='next')
    after = api.list_repo_refs(repo)
    return {
        'sha256': sha256(weights),
        'got': sha256(got),
        'config': json.load(open(config)),
        'url': str(url),
        'branches': sorted(ref.name for ref in refs.branches),
        'tags': [ref.name for ref in refs.tags],
        'second': second.oid == api.model_info(repo).sha,
        'again': again.oid == second.oid,
        'files': files,
        'errors': errors,
        'after': sorted(ref.name for ref in after.branches) + [ref.name for ref in after.tags],
        'who': api.whoami()['name'],
    }


def timm_and_transformers():
    """Whole models by their own loaders; what is missing or unexpected is an error in timm, listed by transformers."""
    import timm
    import torch
    import transformers

    torch.manual_seed(0)
    x = torch.randn(1, 3, 224, 224)
    answers = {}
    for name in ['resnet', 'swin']:
        first = timm.create_model(f'hf_hub:cassl/{name}-timm', pretrained=True).eval()
        second, loading = transformers.AutoModel.from_pretrained(
            f'cassl/{name}-transformers', output_loading_info=True
        )
        with torch.no_grad():
            a = first.forward_features(x)
            b = second.eval()(x).last_hidden_state
        a = a.permute(0, 3, 1, 2) if name == 'swin' else a
        b = b.transpose(1, 2).reshape(a.shape) if name == 'swin' else b
        answers[name] = {
            'missing': sorted(loading['missing_keys']),
            'unexpected': sorted(loading['unexpected_keys']),
            'mismatched': sorted(map(str, loading['mismatched_keys'])),
            'difference': ((a - b).abs().max() / b.abs().max()).item(),
        }
    return answers


def torch_hub():
    """check_hash compares the file with the sha256 prefix in its name."""
    import torch
    import torchvision

    state = torch.hub.load_state_dict_from_url(args[0], check_hash=True, model_dir=tempfile.mkdtemp(), progress=False)
    model = torchvision.models.resnet50()
    model.fc = torch.nn.Identity()
    result = model.load_state_dict(state, strict=True)
    return {'missing': result.missing_keys, 'unexpected': result.unexpected_keys, 'tensors': len(state)}


def mmengine():
    from mmengine.runner import load_checkpoint
    import torchvision

    model = torchvision.models.resnet50()
    del model.fc
    os.environ['TORCH_HOME'] = tempfile.mkdtemp()
    load_checkpoint(model, args[0], map_location='cpu', strict=True)
    return {'tensors': len(model.state_dict())}


def make_models():
    """A ResNet-50 and a Swin-T of torchvision with weights in which every tensor differs."""
    import safetensors.torch
    import torch
    import torchvision

    torch.manual_seed(1)
    for name, model in [('resnet', torchvision.models.resnet50()), ('swin', torchvision.models.swin_t())]:
        state = {}
        for key, value in model.state_dict().items():
            noise = torch.rand_like(value.float()) * 0.2
            is_gain = key.endswith('running_var') or (value.dim() == 1 and key.endswith('weight'))
            state[key] = (value + noise if is_gain else value + noise / 10) if value.is_floating_point() else value
        safetensors.torch.save_file(state, os.path.join(args[0], f'{name}.safetensors'))
    return {}


def checks():
    return {
        'hub': hub,
        'download': download,
        'push': push,
        'timm_and_transformers': timm_and_transformers,
        'torch_hub': torch_hub,
        'mmengine': mmengine,
        'make_models': make_models,
    }


print('\n' + json.dumps(checks()[check]()))
