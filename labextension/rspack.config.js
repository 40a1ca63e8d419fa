// ids that do not depend on where the sources lie: the bundle is the same, byte for byte, everywhere
module.exports = {
  optimization: { moduleIds: 'natural', chunkIds: 'natural' }
};
