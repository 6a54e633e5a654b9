/** memcell: recurrent networks that learn where the data is. The public names, all of them. */

export type { Activation } from "./activations.js";
export type { ModelConfig } from "./config.js";
export type { Report } from "./fit.js";
export type { GenerateOptions } from "./generate.js";
export { type DenseLayer, dense } from "./layers/dense.js";
export { type DropoutLayer, dropout } from "./layers/dropout.js";
export { type EmbeddingLayer, embedding } from "./layers/embedding.js";
export type { Layer } from "./layers/index.js";
export { type NormalizationLayer, normalization } from "./layers/normalization.js";
export { type GruLayer, gru, type Lstm97Layer, type LstmLayer, lstm, lstm97, type RnnLayer, rnn } from "./layers/recurrent.js";
export type { BinaryCrossEntropyLoss, CrossEntropyLoss, HuberLoss, Loss, MaeLoss, MseLoss } from "./losses.js";
export { binaryCrossEntropy, crossEntropy, huber, mae, mse } from "./losses.js";
export type { Environment, Model } from "./model.js";
export { createModel, loadModel } from "./model.js";
export type { State } from "./network.js";
export type { Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd } from "./optimizers.js";
export { adagrad, adam, adamw, rmsprop, sgd } from "./optimizers.js";
export type { TrainerOptions } from "./options.js";
export type { Tensor, TensorFile } from "./safetensors.js";
export { readSafetensors, writeSafetensors } from "./safetensors.js";
export type { Constant, Cosine, Exponential, Plateau, Schedule, StepDecay } from "./schedules.js";
export { constant, cosine, exponential, plateau, stepDecay } from "./schedules.js";
export type { Sequence, Series } from "./sequences.js";
export type { Stream } from "./stream.js";
export type { FitSettings, Trainer } from "./trainer.js";
export { createTrainer, resumeTrainer } from "./trainer.js";
