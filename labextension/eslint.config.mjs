import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['labextension/lib/**', 'labextension/rspack.config.js'] },
  eslint.configs.recommended,
  {
    files: ['labextension/src/**/*.{ts,tsx}'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: {
        project: './tsconfig.json',
        tsconfigRootDir: import.meta.dirname
      }
    },
    rules: {
      'max-lines': ['error', 400],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // a slot of a signal is connected with its object
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: 'error'
    }
  },
  { files: ['labextension/test/**/*.ts'], extends: [...tseslint.configs.recommended] }
);
