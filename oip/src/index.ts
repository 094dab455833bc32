// The Open Inference Protocol v2: a client, and the wire format for those who write a server.
export { readCappedBody } from './capped_body.js';
export { OipClient, type CallOptions, type ClientOptions, type Fetch, type InferRequest, type InferResponse } from './client.js';
export { joinBytes } from './join_bytes.js';
export { messageOfBody, OipError, oipErrorKinds, type OipErrorDetails, type OipErrorKind } from './errors.js';
export { readModelMetadata, readRepositoryIndex, readServerMetadata, type ModelMetadata, type ServerMetadata, type TensorMetadata } from './metadata.js';
export { datatypeBytes, isDatatype, tensorLimits, zeros, type Datatype, type Tensor, type TensorData } from './tensors.js';
export { waitFor } from './waiting.js';
export { binaryExtension, decodeTensors, encodeMessage, headerLengthName, isRecord, splitMessage, type JsonRecord, type Message } from './wire.js';
