/** memcell: recurrent networks that learn where the data is. The public names, all of them. */

export type { WindowOptions } from "./data.js";
export { lanes, scaler, windows } from "./data.js";
export type { Report } from "./fit.js";
export type { GenerateOptions } from "./generate.js";
export type { DenseLayer, DropoutLayer, EmbeddingLayer, GruLayer, Layer, LstmLayer, ModelConfig, RnnLayer } from "./layers.js";
export { dense, dropout, embedding, gru, lstm, rnn } from "./layers.js";
export type { TrainerOptions } from "./learner.js";
export type { BinaryCrossEntropyLoss, CrossEntropyLoss, HuberLoss, Loss, MaeLoss, MseLoss } from "./losses.js";
export { binaryCrossEntropy, crossEntropy, huber, mae, mse } from "./losses.js";
export type { Environment, Model } from "./model.js";
export { createModel, loadModel } from "./model.js";
export type { State } from "./network.js";
export type { Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd } from "./optimizers.js";
export { adagrad, adam, adamw, rmsprop, sgd } from "./optimizers.js";
export type { Tensor, TensorFile } from "./safetensors.js";
export { readSafetensors, writeSafetensors } from "./safetensors.js";
export type { Scale } from "./scale.js";
export type { Sequence, Series } from "./sequences.js";
export type { Stream } from "./stream.js";
export type { FitSettings, Trainer } from "./trainer.js";
export { createTrainer, resumeTrainer } from "./trainer.js";
