/**
 * Weights that are never decayed (method 1.6): gains and shifts of norm layers, Swin's bias tables and absolute positions.
 * Biases of convolutions are decayed like their weights, as detectron2 does.
 */
const UNDECAYED = [
  /\.bn\d+\.(weight|bias)$/, // ResNet
  /\.downsample\.1\.(weight|bias)$/, // ResNet's short cut
  /\.norm\d*\.(weight|bias)$/, // Swin, kernel head
  /^mask_branch\.(refine|tower)\.\d+\.1\.(weight|bias)$/,
  /relative_position_bias_table$/,
  /absolute_pos_embed$/,
];

/** Head towers are counted convolution, norm, ReLU. */
const TOWER = /_tower\.(\d+)\.(weight|bias)$/;

/** `weightDecay` for a decayed parameter, 0 for the others; `name` as in `Detector.parameters`. */
export function weightDecayFor(name: string, weightDecay: number): number {
  const tower = TOWER.exec(name);
  if (tower !== null) return Number(tower[1]) % 3 === 1 ? 0 : weightDecay;
  return UNDECAYED.some((pattern) => pattern.test(name)) ? 0 : weightDecay;
}
