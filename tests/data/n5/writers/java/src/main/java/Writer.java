// Fixtures with the output streams that the Java reference implementation of N5 puts its blocks through: lz4-java's
// LZ4BlockOutputStream, commons-compress for gzip, bzip2 and xz, zstd-jni. The frame around them (attributes, block
// header, big-endian elements) is written here. Usage: Writer OUT. The values are those of values.py.
import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jpountz.lz4.LZ4BlockOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorOutputStream;

public class Writer {
  interface Element {
    void write(DataOutputStream out, long n) throws IOException;
  }

  interface Stream {
    OutputStream open(OutputStream out) throws IOException;
  }

  record Type(String name, Element element) {}

  record Codec(String name, String json, Stream stream) {}

  static final Type[] TYPES = {
    new Type("uint8", (o, n) -> o.writeByte((int) ((n * 7 + 1) % 251))),
    new Type("uint16", (o, n) -> o.writeShort((int) (0x4321 + n * 3))),
    new Type("uint32", (o, n) -> o.writeInt((int) (0x87654321L + n * 5))),
    new Type("uint64", (o, n) -> o.writeLong(0x8765432101234567L + n * 0x100000001L)),
    new Type("int8", (o, n) -> o.writeByte((int) ((n * 7 + 1) % 251 - 125))),
    new Type("int16", (o, n) -> o.writeShort((int) (1000 - 77 * n))),
    new Type("int32", (o, n) -> o.writeInt((int) (100000 - 1234567 * n))),
    new Type("int64", (o, n) -> o.writeLong(5 - 1234567890123L * n)),
    new Type("float32", (o, n) -> o.writeFloat(0.25f * n - 40.5f)),
    new Type("float64", (o, n) -> o.writeDouble(0.0009765625 * n - 1e9)),
  };

  static final Codec[] CODECS = {
    new Codec("lz4", "{\"type\":\"lz4\",\"blockSize\":65536}", o -> new LZ4BlockOutputStream(o, 65536)),
    new Codec("gzip", "{\"type\":\"gzip\",\"level\":-1,\"useZlib\":false}", GzipCompressorOutputStream::new),
    new Codec("bzip2", "{\"type\":\"bzip2\",\"blockSize\":9}", o -> new BZip2CompressorOutputStream(o, 9)),
    new Codec("xz", "{\"type\":\"xz\",\"preset\":6}", o -> new XZCompressorOutputStream(o, 6)),
    new Codec("zstd", "{\"type\":\"zstd\",\"level\":3,\"nbWorkers\":0}", o -> new ZstdOutputStream(o, 3)),
  };

  static Path root;

  static void write(String name, Type type, Codec codec, int[] d, int[] b) throws IOException {
    Path dataset = root.resolve(name);
    Files.createDirectories(dataset);
    Files.writeString(dataset.resolve("attributes.json"), String.format(
        "{\"dataType\":\"%s\",\"compression\":%s,\"blockSize\":[%d,%d,%d],\"dimensions\":[%d,%d,%d]}",
        type.name, codec.json, b[0], b[1], b[2], d[0], d[1], d[2]));
    for (int g2 = 0; g2 * b[2] < d[2]; ++g2)
      for (int g1 = 0; g1 * b[1] < d[1]; ++g1)
        for (int g0 = 0; g0 * b[0] < d[0]; ++g0) {
          Path folder = dataset.resolve(g0 + "/" + g1);
          Files.createDirectories(folder);
          Files.write(folder.resolve("" + g2), block(type, codec, d, b, new int[] {g0, g1, g2}));
        }
  }

  static byte[] block(Type type, Codec codec, int[] d, int[] b, int[] grid) throws IOException {
    int[] from = new int[3], to = new int[3];
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream header = new DataOutputStream(bytes);
    header.writeShort(0);
    header.writeShort(3);
    for (int k = 0; k < 3; ++k) {
      from[k] = grid[k] * b[k];
      to[k] = Math.min(d[k], from[k] + b[k]);
      header.writeInt(to[k] - from[k]);
    }
    try (DataOutputStream out = new DataOutputStream(codec.stream.open(bytes))) {
      for (long i2 = from[2]; i2 < to[2]; ++i2)
        for (long i1 = from[1]; i1 < to[1]; ++i1)
          for (long i0 = from[0]; i0 < to[0]; ++i0) type.element.write(out, i0 + d[0] * (i1 + d[1] * i2));
    }
    return bytes.toByteArray();
  }

  public static void main(String[] args) throws IOException {
    root = Path.of(args[0]);
    for (Codec codec : CODECS) {
      for (Type type : TYPES)
        if (codec.name.equals("lz4") || type.name.matches("uint8|int16|float64"))
          write(type.name + "-" + codec.name, type, codec, new int[] {5, 4, 3}, new int[] {3, 4, 3});
      write("large-" + codec.name, TYPES[0], codec, new int[] {64, 64, 40}, new int[] {64, 64, 40});
    }
    write("odd", TYPES[1], CODECS[0], new int[] {11, 7, 5}, new int[] {4, 3, 2});
  }
}
