"""NVIDIA's own client of the protocol, tritonclient, asks `offramp serve` everything that it can. What it saw is a line of JSON.

usage: tritonclient_check.py HOST:PORT < question      the question is JSON: {"shape": [1, ...], "rows": [[...], ...]} of stage 1's boundary
"""
import json
import sys

import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException


def tensor(name, array, datatype, binary):
    asked = http.InferInput(name, list(array.shape), datatype)
    asked.set_data_from_numpy(array, binary_data=binary)
    return asked


def wanted(names, binary):
    return [http.InferRequestedOutput(name, binary_data=binary) for name in names]


def refusal(call):
    try:
        call()
    except InferenceServerException as error:
        return {'status': error.status(), 'message': error.message()}
    return None


def main():
    question = json.load(sys.stdin)
    rows = np.array(question['rows'], np.float32).reshape([-1, *question['shape'][1:]])
    client = http.InferenceServerClient(sys.argv[1], concurrency=4, connection_timeout=20, network_timeout=20)
    told = {
        'live': client.is_server_live(), 'ready': client.is_server_ready(), 'model_ready': client.is_model_ready('stage_1'),
        'server': client.get_server_metadata(), 'model': client.get_model_metadata('stage_1'),
        'index': [model['name'] for model in client.get_model_repository_index()], 'stages': [], 'answers': [],
    }
    for sends_binary in (True, False):
        for takes_binary in (True, False):
            reply = client.infer('stage_1', [tensor('boundary', rows, 'FP32', sends_binary)], outputs=wanted(['logits', 'next_boundary'], takes_binary), request_id='7')
            told['stages'].append({'id': reply.get_response()['id'], 'logits': reply.as_numpy('logits').ravel().tolist(), 'boundary': reply.as_numpy('next_boundary').ravel().tolist()})
    # Without names of outputs it asks for all, as binary; many at once.
    pending = [client.async_infer('from_1', [tensor('boundary', row[None], 'FP32', True)]) for row in rows]
    for reply in (one.get_result() for one in pending):
        told['answers'].append({name: reply.as_numpy(name).ravel().tolist() for name in ('probabilities', 'class', 'exit', 'score', 'degraded')})
    halves = client.infer('stage_1_f16', [tensor('boundary', rows.astype(np.float16), 'FP16', True)])
    told['halves'] = halves.as_numpy('logits').ravel().tolist()
    told['refused'] = {
        'model': refusal(lambda: client.infer('stage_9', [tensor('boundary', rows, 'FP32', True)])),
        'shape': refusal(lambda: client.infer('stage_1', [tensor('boundary', rows[:, :1], 'FP32', True)])),
        'datatype': refusal(lambda: client.infer('stage_1', [tensor('boundary', rows.astype(np.float64), 'FP64', True)])),
        'output': refusal(lambda: client.infer('stage_1', [tensor('boundary', rows, 'FP32', True)], outputs=wanted(['nothing'], True))),
    }
    client.close()
    print(json.dumps(told))


main()
