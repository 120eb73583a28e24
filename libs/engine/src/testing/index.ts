/** What tests of packages that differentiate on an engine need. */
export { checkedGradients } from './checked-gradients.ts';
export { recordGradients } from './record-gradients.ts';
