/** A command, with whom it is for. */
export interface PullCommand {
  readonly title: string;
  readonly text: string;
}

/**
 * What to type to get a checkpoint. Hub clients take it under an alias where it has one, so that it can be followed.
 * @param url of the registry's HTTP views
 */
export function pullCommands(digest: string, alias: string | undefined, url: string): readonly PullCommand[] {
  const short = digest.slice(0, 16);
  const { id, branch } = alias === undefined ? { id: `checkpoints/${short}`, branch: 'main' } : repoOf(alias);
  const python = (code: string): string => `HF_ENDPOINT=${url} python -c "${code}"`;
  const file = (framework: string): string =>
    `curl -fLo ${framework}.pth '${url}/v1/checkpoints/${short}/file?for=${framework}&container=pth'`;
  return [
    { title: 'cassl, checked by its sha256', text: `cassl pull ${short} --out model.safetensors` },
    {
      title: 'timm',
      text: python(`import timm; m = timm.create_model('hf_hub:${id}-timm@${branch}', pretrained=True)`),
    },
    {
      title: 'transformers',
      text: python(
        `from transformers import AutoModel; m = AutoModel.from_pretrained('${id}-transformers', revision='${branch}')`,
      ),
    },
    { title: 'Hugging Face Hub', text: `HF_ENDPOINT=${url} hf download ${id} --revision ${branch}` },
    { title: 'torchvision', text: file('torchvision') },
    { title: 'detectron2', text: file('detectron2') },
    { title: 'mmdetection', text: file('mmdet') },
    { title: 'AdelaiDet', text: file('adelaidet') },
    { title: 'TensorFlow.js', text: `${url}/v1/checkpoints/${short}/tfjs/model.json` },
    {
      title: 'OCI image, mountable as a volume',
      text: `skopeo inspect docker://${hostOf(url)}/${id}:${tagOf(branch)}`,
    },
  ];
}

/** As the registry's views have it (docs/registry-views.md): an alias is a branch of a repository. */
function repoOf(alias: string): { readonly id: string; readonly branch: string } {
  const [path = '', tag = ''] = alias.split('@');
  const [first = '', second, ...rest] = path.split('/');
  const branch = [...rest, tag].filter((part) => part !== '').join('/');
  return {
    id: second === undefined ? `cassl/${first}` : `${first}/${second}`,
    branch: branch === '' ? 'main' : branch,
  };
}

function hostOf(url: string): string {
  return url.replace(/^https?:\/\//, '');
}

function tagOf(branch: string): string {
  return branch.replaceAll(/[/@]/g, '-');
}
