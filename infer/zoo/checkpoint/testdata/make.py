#!/usr/bin/env python3
"""Writes the small checkpoints in this folder: python3 make.py

They are made with Python's own pickler and zip writer, laid out as torch.save
does, with stand-ins for PyTorch's classes that pickle under the same names;
so PyTorch itself is not needed. good_* must be readable and hold the values
that value() gives; bad_* must be refused.
"""
import collections, io, json, os, pickle, struct, sys, types, zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
torch, utils, storage_mod = types.ModuleType("torch"), types.ModuleType("torch._utils"), None
sys.modules["torch"], sys.modules["torch._utils"] = torch, utils


def named(module, name):
    def f(*args): raise RuntimeError("only its name is used")
    f.__module__, f.__name__, f.__qualname__ = module.__name__, name, name
    setattr(module, name, f)
    return f


rebuild_v2, rebuild_parameter = named(utils, "_rebuild_tensor_v2"), named(utils, "_rebuild_parameter")
rebuild_type = named(utils, "_rebuild_from_type_v2")
TYPES = {n: (named(torch, n), fmt) for n, fmt in [("FloatStorage", "f"), ("HalfStorage", "e"), ("DoubleStorage", "d"),
                                                  ("BFloat16Storage", "bf"), ("LongStorage", "q"), ("ByteStorage", "B")]}


def value(i): return (i - 3) * 0.25  # exact in every format


def pack(fmt, n):
    if fmt == "bf":
        return b"".join(struct.pack("<f", value(i))[2:] for i in range(n))
    if fmt in "qB":
        return struct.pack("<%d%s" % (n, fmt), *[i for i in range(n)])
    return struct.pack("<%d%s" % (n, fmt), *[value(i) for i in range(n)])


class Storage:
    def __init__(self, kind, key, n, claim=None): self.kind, self.key, self.n, self.claim = kind, key, n, claim or n
    def bytes(self): return pack(TYPES[self.kind][1], self.n)


class Tensor:
    def __init__(self, storage, offset, shape, strides): self.args = (storage, offset, shape, strides)
    def __reduce__(self): return rebuild_v2, self.args + (False, collections.OrderedDict())


class Parameter:
    def __init__(self, tensor): self.tensor = tensor
    def __reduce__(self): return rebuild_parameter, (self.tensor, True, collections.OrderedDict())


class Evil:
    def __reduce__(self): return os.system, ("touch /tmp/flipmeter-was-here",)


class Subclass:
    def __reduce__(self): return rebuild_type, (rebuild_v2, torch.FloatStorage, (), {})


class Pickler(pickle.Pickler):
    legacy = False
    def persistent_id(self, o):
        if isinstance(o, Storage):
            id = ("storage", TYPES[o.kind][0], o.key, "cpu", o.claim)
            return id + (None,) if self.legacy else id


def dump(obj, legacy=False, protocol=2):
    b = io.BytesIO()
    p = Pickler(b, protocol)
    p.legacy = legacy
    p.dump(obj)
    return b.getvalue()


def write(name, data):
    with open(os.path.join(HERE, name), "wb") as f: f.write(data)


def zipped(obj, storages, byteorder=b"little", method=zipfile.ZIP_STORED, protocol=2, prefix="archive"):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", method) as z:
        def put(n, d): z.writestr(zipfile.ZipInfo(prefix + "/" + n, (1980, 1, 1, 0, 0, 0)), d, method)
        put("data.pkl", dump(obj, protocol=protocol))
        put("byteorder", byteorder)
        for s in storages: put("data/" + s.key, s.bytes())
        put("version", b"3\n")
    return b.getvalue()


def legacy(obj, storages, cut=None, little=True):
    b = pickle.dumps(0x1950a86a20f9469cfc6c, 2) + pickle.dumps(1001, 2)
    b += pickle.dumps({"protocol_version": 1001, "little_endian": little, "type_sizes": {"short": 2, "int": 4, "long": 4}}, 2)
    b += dump(obj, legacy=True) + pickle.dumps([s.key for s in storages], 2)
    for s in storages: b += struct.pack("<q", s.n) + s.bytes()
    return b[:cut]


def everything():
    f, h, d, bf = (Storage(k, str(i), 12) for i, k in enumerate(["FloatStorage", "HalfStorage", "DoubleStorage", "BFloat16Storage"]))
    q = Storage("LongStorage", "4", 1)
    s = collections.OrderedDict()
    s["f32"] = Tensor(f, 0, (2, 2, 3), (6, 3, 1))
    s["f32.part"] = Tensor(f, 6, (2, 3), (3, 1))
    s["f32.transposed"] = Tensor(f, 0, (3, 4), (1, 3))
    s["f32.every_other"] = Tensor(f, 1, (5,), (2,))
    s["f16"] = Parameter(Tensor(h, 0, (12,), (1,)))
    s["f64"] = Tensor(d, 0, (12, 1), (1, 99))
    s["bf16"] = Tensor(bf, 0, (12,), (1,))
    s["scalar"] = Tensor(f, 5, (), ())
    s["empty"] = Tensor(f, 0, (0, 4), (4, 1))
    s["bn.num_batches_tracked"] = Tensor(q, 0, (), ())
    s._metadata = collections.OrderedDict([("", {"version": 1})])
    return s, [f, h, d, bf, q]


def one(**kw):
    st = Storage("FloatStorage", "0", 12, kw.get("claim"))
    t = Tensor(st, kw.get("offset", 0), kw.get("shape", (12,)), kw.get("strides", (1,)))
    return collections.OrderedDict(w=t), [st]


def safetensors(header, data, length=None):
    h = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(h) if length is None else length) + h + data


obj, storages = everything()
write("good_zip.pth", zipped(obj, storages))
write("good_zip_protocol4.pth", zipped(obj, storages, protocol=4))
write("good_legacy.pth", legacy(obj, storages))
write("good_wrapped.pth", zipped({"epoch": 90, "lr": 0.1, "args": ["a", None, True], "big": 1 << 70,
                                  "state_dict": collections.OrderedDict(("module." + k, v) for k, v in obj.items())}, storages))
F = pack("f", 12)
write("good.safetensors", safetensors({"__metadata__": {"format": "pt"},
      "f32": {"dtype": "F32", "shape": [2, 2, 3], "data_offsets": [0, 48]},
      "f16": {"dtype": "F16", "shape": [12], "data_offsets": [48, 72]},
      "bf16": {"dtype": "BF16", "shape": [12], "data_offsets": [72, 96]},
      "f64": {"dtype": "F64", "shape": [12, 1], "data_offsets": [96, 192]},
      "empty": {"dtype": "F32", "shape": [0, 4], "data_offsets": [192, 192]},
      "bn.num_batches_tracked": {"dtype": "I64", "shape": [], "data_offsets": [192, 200]}},
      F + pack("e", 12) + pack("bf", 12) + pack("d", 12) + pack("q", 1)))

write("bad_code.pth", zipped(collections.OrderedDict(w=Evil()), []))
write("bad_code_legacy.pth", legacy(collections.OrderedDict(w=Evil()), []))
write("bad_code_bare.pth", pickle.dumps(Evil(), 2))
write("bad_subclass.pth", zipped(collections.OrderedDict(w=Subclass()), []))
write("bad_compressed.pth", zipped(*one(), method=zipfile.ZIP_DEFLATED))
write("bad_big_endian.pth", zipped(*one(), byteorder=b"big"))
write("bad_big_endian_legacy.pth", legacy(*one(), little=False))
for name, kw in {"offset": dict(offset=1), "offset_negative": dict(offset=-1), "shape": dict(shape=(13,)),
                 "shape_negative": dict(shape=(-1,)), "shape_huge": dict(shape=(1 << 31, 1 << 31, 1 << 31), strides=(1, 1, 1)),
                 "broadcast": dict(shape=(1 << 30, 1), strides=(0, 1)), "stride": dict(shape=(3, 4), strides=(1, 4)),
                 "stride_huge": dict(shape=(2, 2), strides=(1 << 62, 1 << 62)), "stride_negative": dict(shape=(12,), strides=(-1,)),
                 "strides_missing": dict(shape=(3, 4), strides=(1,)), "claim": dict(claim=1 << 60), "offset_type": dict(offset="0"),
                 "shape_type": dict(shape=("12",))}.items():
    write("bad_%s.pth" % name, zipped(*one(**kw)))
o, s = one()
write("bad_storage_missing.pth", zipped(o, []))
write("bad_storage_missing_legacy.pth", legacy(o, []))
write("bad_cut_legacy.pth", legacy(o, s, cut=-1))
write("bad_cut.pth", zipped(o, s)[:-30])
write("bad_not_torch.zip", (lambda b: (zipfile.ZipFile(b, "w").writestr("a.txt", "a"), b.getvalue())[1])(io.BytesIO()))
write("bad_no_tensors.pth", zipped({"epoch": 1}, []))
write("bad_not_a_dict.pth", zipped([1, 2], []))
write("bad_empty.pth", b"")
write("bad_text.pth", b"<!DOCTYPE html><title>404</title>")
W = lambda **kw: {"w": dict({"dtype": "F32", "shape": [12], "data_offsets": [0, 48]}, **kw)}
write("bad_header_length.safetensors", safetensors(W(), F, length=1 << 62))
write("bad_header_short.safetensors", safetensors(W(), F, length=20))
write("bad_cut.safetensors", safetensors(W(), F[:-1]))
write("bad_dtype.safetensors", safetensors(W(dtype="F8_E4M3"), F))
write("bad_shape.safetensors", safetensors(W(shape=[11]), F))
write("bad_shape_huge.safetensors", safetensors(W(shape=[1 << 31, 1 << 31, 1 << 31]), F))
write("bad_shape_overflow.safetensors", safetensors(W(shape=[1 << 30, 1 << 30, 1 << 4]), F))
write("bad_offsets.safetensors", safetensors(W(data_offsets=[48, 0]), F))
write("bad_offsets_negative.safetensors", safetensors(W(data_offsets=[-48, 0]), F))
write("bad_twice.safetensors", safetensors(b'{"w":%s,"w":%s}' % ((json.dumps(W()["w"]).encode(),) * 2), F))
write("bad_json.safetensors", safetensors(b'{"w":[1,2', F))
write("bad_nothing.safetensors", safetensors({}, b""))
