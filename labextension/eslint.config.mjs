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
      // what a user reads goes through the translation bundle, in words that can be extracted
      'no-restricted-syntax': [
        'error',
        ...[
          'JSXText[value=/[A-Za-z]/]',
          'JSXAttribute[name.name=/^(title|label|about|placeholder|aria-label)$/] > Literal',
          'JSXAttribute[name.name=/^(title|label|about|placeholder|aria-label)$/] > JSXExpressionContainer > Literal',
          'Property[key.name=/^(label|caption|placeholder|okLabel)$/] > Literal[value=/./].value',
          'AssignmentExpression[left.property.name=/^(textContent|title|label|caption)$/] > Literal.right',
          'CallExpression[callee.property.name="createTextNode"] > Literal',
          'CallExpression[callee.object.name="Notification"] > Literal',
          'CallExpression[callee.property.name=/^_[_n]$/] > :not(Literal):first-child'
        ].map(selector => ({ selector, message: 'Write trans.__(…) around a literal.' }))
      ],
      eqeqeq: 'error'
    }
  },
  { files: ['labextension/test/**/*.ts'], extends: [...tseslint.configs.recommended] }
);
