export {
  generateScenes,
  type GenerateScenesOptions,
  type GeneratedScenes,
} from './scenes/generate-scenes.ts';
